// Makes a drawing of streams between stops answer to a pointer and to keys. The drawing comes with its text escaped;
// it is read as XML, and only shapes, text and titles are let in.
const KNOWN = new Set(["svg", "g", "path", "circle", "rect", "text", "tspan", "title"]);
const STAGE = 900;
const MOVE = 400;
const NARROW = 560;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const frame = parentElement.querySelector(".frame");
  const state = (frame.state = frame.state || {});
  state.send = setTriggerValue;
  state.told = data.told;
  state.names = data.names;
  const show = () => {
    const narrow = frame.clientWidth > 0 && frame.clientWidth < NARROW;
    if (state.version === data.version && state.narrow === narrow) return;
    [state.version, state.narrow] = [data.version, narrow];
    draw(frame, state, data, narrow ? data.narrow : data.drawing);
    choose(frame, state, state.wanted);
  };
  state.wanted = data.chosen;
  show();
  choose(frame, state, data.chosen);
  state.watch?.disconnect();
  state.watch = new ResizeObserver(show);
  state.watch.observe(frame);
  return () => state.watch.disconnect();
}

function isStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

function draw(frame, state, data, drawing) {
  const read = new DOMParser().parseFromString(drawing.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '), "image/svg+xml");
  for (const part of [...read.querySelectorAll("*")]) if (!KNOWN.has(part.localName)) part.remove();
  const svg = document.importNode(read.documentElement, true);
  const before = state.stops ? new Map(state.stops.map((stop) => [nameOf(stop), placeOf(stop)])) : null;
  frame.querySelector(".drawing").replaceChildren(svg);
  state.svg = svg;
  state.playing = false;
  svg.setAttribute("role", "group");
  state.streams = [...svg.querySelectorAll(".stream")].map((path) => ({ path, from: Number(path.dataset.from), to: Number(path.dataset.to), wide: Number(path.getAttribute("stroke-width")) }));
  state.stops = [...svg.querySelectorAll(".stop")];
  state.stops.forEach((stop, number) => {
    stop.setAttribute("tabindex", "0");
    stop.setAttribute("role", "button");
    stop.setAttribute("aria-label", labelOf(stop, state.told[number]));
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
  for (const stream of state.streams) {
    stream.path.addEventListener("pointerenter", () => lightStream(frame, state, stream));
    stream.path.addEventListener("pointerleave", () => rest(frame, state));
  }
  if (before && !isStill()) arrange(state, before);
  tools(frame, state, data);
}

// What is said of a stop; where its name is shortened on the picture, what is seen comes first, for who speaks it.
function labelOf(stop, told) {
  const seen = stop.querySelector("text").textContent;
  const bare = (text) => text.replace(/[^\p{L}\p{N}]+/gu, " ");
  return bare(told).includes(bare(seen).trim()) ? told : `${seen}. ${told}`;
}

function nameOf(stop) {
  return stop.querySelector("text").textContent;
}

function placeOf(stop) {
  const text = stop.querySelector("text");
  return [Number(text.getAttribute("x")), Number(text.getAttribute("y"))];
}

// Stops that were there before travel to their new places; what is new comes in.
function arrange(state, before) {
  const easing = { duration: MOVE, easing: "ease-out" };
  for (const stop of state.stops) {
    const old = before.get(nameOf(stop)), now = placeOf(stop);
    if (old) stop.animate([{ transform: `translate(${old[0] - now[0]}px, ${old[1] - now[1]}px)` }, { transform: "none" }], easing);
    else stop.animate([{ opacity: 0 }, { opacity: 1 }], easing);
  }
  for (const { path } of state.streams) path.animate([{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }], easing);
}

// The streams upstream ("to", "from") or downstream ("from", "to") of a stop.
function follow(state, stop, near, far, lit = new Set()) {
  for (const stream of state.streams) {
    if (stream[near] !== stop || lit.has(stream)) continue;
    lit.add(stream);
    follow(state, stream[far], near, far, lit);
  }
  return lit;
}

// The widest stream on from a stop, and so on to the end.
function widest(state, stop, near, far) {
  const on = state.streams.filter((stream) => stream[near] === stop).sort((one, other) => other.wide - one.wide)[0];
  return on ? [on[far], ...widest(state, on[far], near, far)] : [];
}

function shine(frame, state, lit, stops, told) {
  state.streams.forEach((stream) => stream.path.classList.toggle("lit", lit.has(stream)));
  state.stops.forEach((stop, position) => stop.classList.toggle("lit", stops.has(position)));
  state.svg.classList.add("dimmed");
  frame.querySelector(".told").textContent = told;
}

function endsOf(lit, stops) {
  for (const stream of lit) stops.add(stream.from).add(stream.to);
  return stops;
}

function light(frame, state, number) {
  const lit = follow(state, number, "to", "from", follow(state, number, "from", "to"));
  const way = [...widest(state, number, "to", "from").reverse(), number, ...widest(state, number, "from", "to")];
  const told = way.length > 2 ? ` Widest way: ${way.map((stop) => state.names[stop]).join(" → ")}.` : "";
  shine(frame, state, lit, endsOf(lit, new Set([number])), state.told[number] + told);
}

function lightStream(frame, state, stream) {
  const lit = follow(state, stream.from, "to", "from", follow(state, stream.to, "from", "to", new Set([stream])));
  shine(frame, state, lit, endsOf(lit, new Set()), `${stream.path.querySelector("title").textContent}.`);
}

function rest(frame, state) {
  if (state.chosen !== null) return light(frame, state, state.chosen);
  state.svg.classList.remove("dimmed");
  frame.querySelector(".told").textContent = "Point at a stop or a stream, or walk through the stops with Tab, to see what passes.";
}

function choose(frame, state, chosen) {
  state.chosen = Number.isInteger(chosen) && chosen < state.stops.length ? chosen : null;
  state.stops.forEach((stop, number) => {
    stop.classList.toggle("chosen", number === state.chosen);
    stop.setAttribute("aria-pressed", String(number === state.chosen));
  });
  rest(frame, state);
}

// Light travels along the streams, one column after the other; without motion the columns light up in turn.
function play(frame, state) {
  if (state.playing) return;
  state.playing = true;
  const svg = state.svg;
  const x = (stop) => placeOf(state.stops[stop])[0];
  const columns = [...new Set(state.streams.map((stream) => x(stream.from)))].sort((a, b) => a - b);
  const still = isStill();
  svg.classList.toggle("playing", !still);
  columns.forEach((column, stage) => setTimeout(() => {
    if (state.svg !== svg) return;
    const now = state.streams.filter((stream) => x(stream.from) === column);
    if (still) {
      svg.classList.add("dimmed");
      state.streams.forEach((stream) => stream.path.classList.toggle("lit", now.includes(stream)));
      state.stops.forEach((stop) => stop.classList.add("lit"));
    } else now.forEach((stream) => send(state, stream, x(stream.to) - column));
  }, stage * STAGE));
  setTimeout(() => {
    if (state.svg !== svg) return;
    state.playing = false;
    svg.classList.remove("playing");
    rest(frame, state);
  }, (columns.length + 0.5) * STAGE);
}

function send(state, stream, reach) {
  const length = stream.path.getTotalLength(), part = Math.min(90, length / 3);
  const light = stream.path.cloneNode(false);
  light.setAttribute("class", `pulse ${stream.path.classList.contains("down") ? "down" : "up"}`);
  light.setAttribute("stroke-width", String(Math.max(2, 0.8 * stream.wide)));
  light.style.strokeDasharray = `${part} ${length + part}`;
  stream.path.after(light);
  const duration = reach > 400 ? 3 * STAGE : STAGE;
  const run = light.animate([{ strokeDashoffset: part }, { strokeDashoffset: -length }], { duration, easing: "ease-in-out" });
  run.onfinish = () => {
    light.remove();
    const mark = state.stops[stream.to].children[1];
    mark.style.transformBox = "fill-box";
    mark.style.transformOrigin = "center";
    mark.animate([{ transform: "scale(1)" }, { transform: "scale(1.5)" }, { transform: "scale(1)" }], { duration: 300 });
  };
}

function tools(frame, state, data) {
  const add = toolbar(frame);
  add("Play", "Play: watch the messages travel, column by column", () => play(frame, state));
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
