// Draws a network with sigma.js (WebGL). Text from data is only ever set as text or drawn as pixels.
// Nodes are [id, label, told, kind, colour, size, x, y, isPinned]; edges [from, to, colour, width, strength, told].
const FONT_SIZE = 13;
const LABEL_ROOM = 165;
const MOST_NAMES = 60;
const FEW = 150;
const SHAPES = { dot: "circle", square: "square", triangle: "triangle", star: "star" };
const REACH = {
  square: "(1.13 * max(abs(v_diffVector.x), abs(v_diffVector.y)))",
  triangle: "(1.5 * max(abs(v_diffVector.x) * 0.866 + v_diffVector.y * 0.5, -v_diffVector.y))",
  star: "(length(v_diffVector) * (1.2 - 0.32 * cos(5.0 * atan(v_diffVector.x, v_diffVector.y))))",
};

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const frame = parentElement.querySelector(".frame");
  const state = (frame.state = frame.state || {});
  state.send = setTriggerValue;
  whenLoaded(() => {
    if (state.version !== data.version) {
      state.version = data.version;
      build(frame, state, data, parentElement);
    }
    show(state, data.highlight);
  });
  return () => {
    if (frame.isConnected || !state.sigma) return;
    state.watch.disconnect();
    state.sigma.kill();
    frame.state = undefined;
  };
}

function whenLoaded(work, tries = 0) {
  if (globalThis.Sigma && globalThis.graphology) work();
  else if (tries < 400) setTimeout(() => whenLoaded(work, tries + 1), 25);
}

// One program a shape: the circle of sigma with another measure of distance.
function programs() {
  const Circle = globalThis.Sigma.rendering.NodeCircleProgram;
  const made = { circle: Circle };
  for (const [name, reach] of Object.entries(REACH)) {
    made[name] = class extends Circle {
      getDefinition() {
        const plain = super.getDefinition();
        return { ...plain, FRAGMENT_SHADER_SOURCE: plain.FRAGMENT_SHADER_SOURCE.replaceAll("length(v_diffVector)", reach) };
      }
    };
  }
  return made;
}

function build(frame, state, data, root) {
  if (state.sigma) state.sigma.kill();
  const canvas = frame.querySelector(".canvas");
  canvas.style.height = Math.min(data.height, Math.max(380, frame.clientWidth)) + "px";
  canvas.setAttribute("aria-label", data.alt);
  state.look = theme(root);
  const room = fit(data, canvas);
  state.graph = graph(data, room.wide, state.look);
  state.order = data.nodes.map((node) => node[0]);
  state.lit = state.pointed = state.chosen = null;
  state.told = frame.querySelector(".told");
  // Each drawing costs most of the time: sigma begins with nothing, and gets the graph when its frame is known.
  state.sigma = new globalThis.Sigma(new globalThis.graphology.MultiUndirectedGraph(), canvas, {
    allowInvalidContainer: true,
    enableEdgeEvents: data.edges.length < 3000,
    defaultEdgeType: "line",
    nodeProgramClasses: programs(),
    edgeProgramClasses: { line: globalThis.Sigma.rendering.EdgeLineProgram, thick: globalThis.Sigma.rendering.EdgeRectangleProgram },
    renderLabels: false,
    defaultDrawNodeHover: () => undefined,
    hideEdgesOnMove: data.edges.length > 4000,
    zIndex: true,
    stagePadding: 0,
    minCameraRatio: 0.02,
    maxCameraRatio: 3,
    nodeReducer: (id, node) => lightNode(state, id, node),
    edgeReducer: (id, edge) => lightEdge(state, id, edge),
  });
  state.pinned = data.nodes.filter((node) => node[8]).map((node) => node[0]);
  state.ranked = [...state.pinned, ...data.nodes.filter((node) => !node[8]).sort((one, other) => other[5] - one[5]).map((node) => node[0])];
  state.sigma.on("afterRender", () => names(state));
  state.sigma.setCustomBBox(room.box);
  state.sigma.setGraph(state.graph);
  listen(frame, canvas, state, data);
  legend(frame, data.legend);
  tools(frame, state, data);
  say(state, null);
}

// The rings as wide as the frame allows with room for labels beside them: by how much, and the box that is shown.
function fit(data, canvas) {
  const beside = Math.min(LABEL_ROOM, 0.22 * canvas.clientWidth);
  const inner = [canvas.clientWidth - 2 * beside, canvas.clientHeight - 90];
  const reach = [6, 7].map((axis) => Math.max(60, ...data.nodes.map((node) => Math.abs(node[axis]))));
  const wide = ((inner[0] / inner[1]) * reach[1]) / reach[0] || 1;
  const [x, y] = [(wide * reach[0] * canvas.clientWidth) / inner[0], (reach[1] * canvas.clientHeight) / inner[1]];
  return { wide, box: { x: [-x, x], y: [-y, y] } };
}

function graph(data, wide, look) {
  const made = new globalThis.graphology.MultiUndirectedGraph();
  for (const [id, label, told, kind, color, size, x, y, isPinned] of data.nodes)
    made.addNode(id, { label, told, type: SHAPES[kind] || "circle", color, size: size * 0.72, x: wide * x, y: -y, side: x || y ? (x >= 0 ? "left" : "right") : "center", zIndex: isPinned ? 2 : 1 });
  data.edges.forEach(([from, to, color, width, strength, told], number) => {
    const thick = width > 1.6;
    made.addEdgeWithKey(String(number), from, to, { color: mixed(color, look.paper, strength === null ? 0.3 : 0.06 + 0.8 * Math.sqrt(strength)), plain: color, size: thick ? width * 0.8 : 1, type: thick ? "thick" : "line", told, zIndex: strength || 0 });
  });
  return made;
}

// What is around the node that is pointed at (or chosen) stays; all else steps back.
function centre(state) {
  return state.pointed || state.chosen;
}

function lightNode(state, id, node) {
  if (!centre(state)) return node;
  if (state.lit.has(id)) return { ...node, zIndex: 3, size: id === centre(state) ? node.size * 1.25 : node.size };
  return { ...node, color: state.look.quiet, label: "", zIndex: 0 };
}

function lightEdge(state, id, edge) {
  if (!centre(state)) return edge;
  if (!state.graph.extremities(id).includes(centre(state))) return { ...edge, hidden: true };
  return { ...edge, color: mixed(edge.plain, state.look.paper, 0.9), zIndex: 3 };
}

function point(state, id) {
  if (state.pointed === id) return;
  state.pointed = id;
  const middle = centre(state);
  state.lit = middle ? new Set([middle, ...state.graph.neighbors(middle)]) : null;
  state.sigma.refresh({ skipIndexation: true });
  say(state, middle);
}

// Chosen by search or by keys: shown as if it were pointed at, and brought into view.
function show(state, id) {
  if (!state.sigma) return;
  const known = id && state.graph.hasNode(id) ? id : null;
  if (known === state.chosen && !state.pointed) return;
  state.chosen = known;
  state.pointed = undefined;
  point(state, null);
}

function say(state, id) {
  if (!id) state.told.textContent = "Point at a node, or walk through them with the arrow keys; Enter puts one in the middle.";
  else state.told.textContent = `${state.graph.getNodeAttribute(id, "told").replaceAll("\n", " · ")} · ${state.graph.degree(id)} links drawn`;
}

function listen(frame, canvas, state, data) {
  const { sigma } = state;
  sigma.on("enterNode", ({ node }) => ((canvas.style.cursor = "pointer"), point(state, node)));
  sigma.on("leaveNode", () => ((canvas.style.cursor = "default"), point(state, null)));
  sigma.on("clickNode", ({ node }) => state.send("clicked", node));
  sigma.on("clickEdge", ({ edge }) => state.send("clicked", farther(state, edge)));
  sigma.on("enterEdge", ({ edge }) => ((canvas.style.cursor = "pointer"), sayEdge(state, edge)));
  sigma.on("leaveEdge", () => ((canvas.style.cursor = "default"), say(state, centre(state))));
  canvas.onkeydown = (event) => walk(event, state);
  canvas.onblur = () => point(state, null);
  if (state.watch) state.watch.disconnect();
  let drawn = canvas.clientWidth;
  state.watch = new ResizeObserver(() => {
    if (!canvas.clientWidth || canvas.clientWidth === drawn) return;
    drawn = canvas.clientWidth;
    state.sigma.resize().refresh();
  });
  state.watch.observe(canvas);
}

function walk(event, state) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = state.order.indexOf(centre(state));
  if (step) point(state, state.order[(at + step + state.order.length) % state.order.length]);
  else if (event.key === "Enter" && centre(state)) state.send("clicked", centre(state));
  else if (event.key === "Escape") show(state, null);
  else return;
  event.preventDefault();
}

// A link leads to its end that is farther from the middle.
function farther(state, edge) {
  const [one, other] = state.graph.extremities(edge);
  return state.order.indexOf(other) >= state.order.indexOf(one) ? other : one;
}

function sayEdge(state, edge) {
  const [one, other] = state.graph.extremities(edge).map((id) => state.graph.getNodeAttribute(id, "told").split("\n")[0]);
  const told = state.graph.getEdgeAttribute(edge, "told");
  state.told.textContent = `${one} and ${other}${told ? `: ${told}` : ""}`;
}

// Names, those that matter most first; one that would cover another, or a star, is left out until there is room.
function names(state) {
  const { sigma, graph: drawn, look } = state, { width, height } = sigma.getDimensions();
  const context = sigma.getCanvases().labels.getContext("2d");
  const taken = [], middle = centre(state);
  context.font = `${FONT_SIZE}px ${look.font}`;
  state.named = [];
  const here = (id) => {
    const node = sigma.getNodeDisplayData(id);
    return { ...sigma.graphToViewport(drawn.getNodeAttributes(id)), node, r: sigma.scaleSize(node.size) };
  };
  for (const id of state.order.length > FEW ? state.pinned : state.order) {
    const { x, y, r } = here(id);
    taken.push([x - r, y - r, x + r, y + r]);
  }
  for (const id of middle ? [middle, ...state.ranked] : state.ranked) {
    if (state.named.length >= MOST_NAMES) break;
    const { x, y, node, r } = here(id);
    if (!node.label || x < 0 || y < 0 || x > width || y > height || state.named.some((each) => each.id === id)) continue;
    const wide = measured(context, node.label);
    const places = [["left", x + r + 5, y], ["right", x - r - 5, y], ["center", x, y + r + 10], ["center", x, y - r - 10]];
    if (node.side !== "left") places.unshift(places[node.side === "right" ? 1 : 2]);
    const spot = places.map(([side, left, top]) => ({ side, x: left, y: top, box: boxOf(side, left, top, wide) })).find(({ box }) => isFree(box, taken, width, height));
    if (!spot) continue;
    taken.push(spot.box);
    state.named.push({ id, text: node.label, ...spot });
  }
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = look.paper;
  context.fillStyle = look.ink;
  for (const { text, side, x, y } of state.named) {
    context.textAlign = side;
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}

function boxOf(side, x, y, wide) {
  const left = side === "left" ? x : side === "right" ? x - wide : x - wide / 2;
  return [left - 3, y - FONT_SIZE / 2 - 2, left + wide + 3, y + FONT_SIZE / 2 + 2];
}

function isFree([left, top, right, bottom], taken, width, height) {
  if (left < 0 || top < 0 || right > width || bottom > height) return false;
  return !taken.some(([l, t, r, b]) => left < r && right > l && top < b && bottom > t);
}

const WIDTHS = new Map();
function measured(context, text) {
  if (!WIDTHS.has(text)) WIDTHS.set(text, context.measureText(text).width);
  return WIDTHS.get(text);
}

function theme(root) {
  const style = getComputedStyle(root instanceof ShadowRoot ? root.host : root);
  const get = (name, other) => style.getPropertyValue(name).trim() || other;
  const paper = get("--st-background-color", "#ffffff");
  const dark = parseInt(paper.slice(1, 3), 16) < 128;
  return { paper, ink: get("--st-text-color", "#222"), font: get("--st-font", "sans-serif"), quiet: dark ? "#2a323c" : "#dfe3e8" };
}

// A part of one colour on top of another, both #rrggbb: sigma adds up what shines through, so nothing does.
function mixed(color, paper, part) {
  const [one, other] = [color, paper].map((hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)));
  return "#" + one.map((value, at) => Math.round(part * value + (1 - part) * other[at]).toString(16).padStart(2, "0")).join("");
}

function tools(frame, state, data) {
  const add = toolbar(frame);
  const camera = () => state.sigma.getCamera();
  add("+", "Zoom in", () => camera().setState({ ratio: camera().ratio / 1.4 }));
  add("−", "Zoom out", () => camera().setState({ ratio: camera().ratio * 1.4 }));
  add("Fit", "Show the whole picture", () => camera().setState({ x: 0.5, y: 0.5, ratio: 1, angle: 0 }));
  add("SVG", "Download the picture as SVG", () => saveAs(asAddress(drawing(state)), `${data.file_name}.svg`));
  add("PNG", "Download the picture as PNG", () => savePixels(drawing(state), `${data.file_name}.png`));
}

// What is seen now as SVG: lines, marks, and the labels that are shown.
function drawing(state) {
  const { sigma, graph: drawn, look } = state;
  const { width, height } = sigma.getDimensions();
  const svg = element("svg", { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` });
  svg.append(element("rect", { width, height, fill: look.paper }));
  const place = (id) => sigma.graphToViewport(drawn.getNodeAttributes(id));
  drawn.forEachEdge((id, _, from, to) => {
    const edge = sigma.getEdgeDisplayData(id), [a, b] = [place(from), place(to)];
    if (!edge.hidden) svg.append(element("path", { d: `M${a.x.toFixed(1)} ${a.y.toFixed(1)}L${b.x.toFixed(1)} ${b.y.toFixed(1)}`, stroke: edge.color, "stroke-width": sigma.scaleSize(edge.size).toFixed(2) }));
  });
  drawn.forEachNode((id) => {
    const node = sigma.getNodeDisplayData(id), { x, y } = place(id);
    svg.append(element("path", { d: outline(node.type, x, y, sigma.scaleSize(node.size)), fill: node.color }));
  });
  for (const { text, side, x, y } of state.named) {
    const anchor = { left: "start", right: "end", center: "middle" }[side];
    const label = element("text", { x, y: y + 4, "text-anchor": anchor, fill: look.ink, stroke: look.paper, "stroke-width": 3, "paint-order": "stroke", "font-family": look.font, "font-size": FONT_SIZE });
    label.textContent = text;
    svg.append(label);
  }
  return svg;
}

function outline(type, x, y, r) {
  const corners = { square: [4, 0.25, 1.2], triangle: [3, 0, 1.15], star: [10, 0, 1.3] }[type];
  if (!corners) return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  const [n, turn, reach] = corners;
  const points = Array.from({ length: n }, (_, number) => {
    const angle = 2 * Math.PI * ((number + turn * 2) / n - 0.25), far = r * reach * (n === 10 && number % 2 ? 0.5 : 1);
    return `${(x + far * Math.cos(angle)).toFixed(1)} ${(y + far * Math.sin(angle)).toFixed(1)}`;
  });
  return `M${points.join("L")}Z`;
}
