// Makes a drawing of streams between stops answer to a pointer and to keys. The drawing comes with its text escaped;
// it is read as XML, and only shapes, text and titles are let in.
const KNOWN = new Set(["svg", "g", "path", "circle", "rect", "text", "title"]);
const STAGE = 700;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const frame = parentElement.querySelector(".frame");
  const state = (frame.state = frame.state || {});
  state.send = setTriggerValue;
  state.told = data.told;
  if (state.version !== data.version) {
    state.version = data.version;
    draw(frame, state, data);
  }
  choose(frame, state, data.chosen);
}

function draw(frame, state, data) {
  const read = new DOMParser().parseFromString(data.drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml");
  for (const part of [...read.querySelectorAll("*")]) if (!KNOWN.has(part.localName)) part.remove();
  const svg = document.importNode(read.documentElement, true);
  frame.querySelector(".drawing").replaceChildren(svg);
  state.svg = svg;
  svg.setAttribute("role", "group");
  state.streams = [...svg.querySelectorAll(".stream")].map((path) => ({ path, from: Number(path.dataset.from), to: Number(path.dataset.to) }));
  state.stops = [...svg.querySelectorAll(".stop")];
  state.stops.forEach((stop, number) => {
    stop.setAttribute("tabindex", "0");
    stop.setAttribute("role", "button");
    stop.setAttribute("aria-label", state.told[number]);
    stop.addEventListener("pointerenter", () => light(frame, state, number));
    stop.addEventListener("pointerleave", () => rest(frame, state));
    stop.addEventListener("focus", () => light(frame, state, number));
    stop.addEventListener("blur", () => rest(frame, state));
    stop.addEventListener("click", () => state.send("chosen", number));
    stop.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      state.send("chosen", number);
    });
  });
  tools(frame, state, data);
}

// All that comes through a stop: the streams upstream and downstream of it.
function passing(state, number) {
  const lit = new Set();
  const follow = (stop, near, far) => {
    for (const stream of state.streams) {
      if (stream[near] !== stop || lit.has(stream)) continue;
      lit.add(stream);
      follow(stream[far], near, far);
    }
  };
  follow(number, "from", "to");
  follow(number, "to", "from");
  return lit;
}

function light(frame, state, number) {
  const lit = passing(state, number);
  const stops = new Set([number]);
  for (const stream of lit) stops.add(stream.from).add(stream.to);
  state.streams.forEach((stream) => stream.path.classList.toggle("lit", lit.has(stream)));
  state.stops.forEach((stop, position) => stop.classList.toggle("lit", stops.has(position)));
  state.svg.classList.add("dimmed");
  frame.querySelector(".told").textContent = state.told[number];
}

function rest(frame, state) {
  if (state.chosen !== null) return light(frame, state, state.chosen);
  state.svg.classList.remove("dimmed");
  frame.querySelector(".told").textContent = "Point at a stop, or walk through them with Tab, to see what passes it.";
}

function choose(frame, state, chosen) {
  state.chosen = Number.isInteger(chosen) && chosen < state.stops.length ? chosen : null;
  state.stops.forEach((stop, number) => {
    stop.classList.toggle("chosen", number === state.chosen);
    stop.setAttribute("aria-pressed", String(number === state.chosen));
  });
  rest(frame, state);
}

// Pulses along the streams, one column after the other; without motion the columns light up in turn.
function play(frame, state) {
  if (state.playing) return;
  state.playing = true;
  const x = (stop) => state.stops[stop].querySelector("text").getAttribute("x");
  const columns = [...new Set(state.streams.map((stream) => x(stream.from)))].sort((a, b) => a - b);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  columns.forEach((column, stage) => setTimeout(() => {
    const now = state.streams.filter((stream) => x(stream.from) === column);
    if (still) {
      state.svg.classList.add("dimmed");
      state.streams.forEach((stream) => stream.path.classList.toggle("lit", now.includes(stream)));
      state.stops.forEach((stop) => stop.classList.add("lit"));
    } else now.forEach((stream) => send(state, stream));
  }, stage * STAGE));
  setTimeout(() => {
    state.playing = false;
    rest(frame, state);
  }, (columns.length + 1) * STAGE);
}

function send(state, stream) {
  const wide = Number(stream.path.getAttribute("stroke-width"));
  const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  dot.setAttribute("class", "pulse");
  dot.setAttribute("r", String(1.2 + wide / 3));
  state.svg.append(dot);
  const length = stream.path.getTotalLength();
  const begin = performance.now();
  const step = (now) => {
    const part = Math.min(1, (now - begin) / STAGE);
    const place = stream.path.getPointAtLength(part * length);
    dot.setAttribute("cx", place.x);
    dot.setAttribute("cy", place.y);
    if (part < 1 && dot.isConnected) requestAnimationFrame(step);
    else dot.remove();
  };
  requestAnimationFrame(step);
}

function tools(frame, state, data) {
  const add = toolbar(frame);
  add("Play", "Watch the messages travel, column by column", () => play(frame, state));
  add("SVG", "Download the picture as SVG", () => save(frame, state, data, false));
  add("PNG", "Download the picture as PNG", () => save(frame, state, data, true));
}

// The picture with the styles that it has on the page written into it.
function save(frame, state, data, asPixels) {
  const copy = state.svg.cloneNode(true);
  const drawn = [...state.svg.querySelectorAll("*")];
  [...copy.querySelectorAll("*")].forEach((part, number) => {
    const style = getComputedStyle(drawn[number]);
    for (const name of ["fill", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "font", "opacity", "paint-order"]) part.style.setProperty(name, style.getPropertyValue(name));
  });
  copy.style.background = getComputedStyle(frame).backgroundColor;
  if (asPixels) savePixels(copy, `${data.file_name}.png`);
  else saveAs(asAddress(copy), `${data.file_name}.svg`);
}
