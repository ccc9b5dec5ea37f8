// What every picture of ours has: buttons above it, and a way to save it. Stands before the script of the picture.

// Empties the bar of buttons; returns what adds one.
function toolbar(frame) {
  const bar = frame.querySelector(".tools");
  bar.replaceChildren();
  return (label, meaning, work) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.title = meaning;
    button.setAttribute("aria-label", meaning);
    button.addEventListener("click", work);
    bar.append(button);
  };
}

function saveAs(address, name) {
  const link = document.createElement("a");
  link.download = name;
  link.href = address;
  link.click();
}

function element(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function asAddress(svg) {
  return "data:image/svg+xml;charset=utf-8," + encodeURIComponent(new XMLSerializer().serializeToString(svg));
}

// An SVG element as a PNG, twice as large.
function savePixels(svg, name) {
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = 2 * picture.width;
    canvas.height = 2 * picture.height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    saveAs(canvas.toDataURL("image/png"), name);
  };
  picture.src = asAddress(svg);
}

const MARKS = {
  dot: '<circle cx="8" cy="7" r="5"/>',
  square: '<rect x="3" y="2" width="10" height="10"/>',
  triangle: '<path d="M8 1 14 12H2z"/>',
  star: '<path d="m8 0 2 5 5.500.3-4.200 3.500 1.400 5.200L8 11l-4.700 3 1.400-5.200L.5 5.300 6 5z"/>',
  line: '<rect x="0" y="5.500" width="16" height="3"/>',
};

function legend(frame, entries) {
  const list = frame.querySelector(".legend");
  list.replaceChildren();
  for (const entry of entries) {
    const item = document.createElement("li");
    const icon = element("svg", { viewBox: "0 0 16 14", "aria-hidden": "true", fill: entry.color });
    icon.innerHTML = MARKS[entry.shape] || "";
    const text = document.createElement("span");
    text.textContent = entry.label;
    item.append(icon, text);
    list.append(item);
  }
}
