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
