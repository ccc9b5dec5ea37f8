// Draws a pyvis network with the vis-network that pyvis ships. Text from data is only ever set as text.
const LABEL_SIZE = 17;
const LABEL_REACH = 200;

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const holder = parentElement.querySelector(".frame");
  const state = (holder.state = holder.state || {});
  state.send = setTriggerValue;
  whenLoaded(() => {
    if (state.version === data.version) return highlight(state, data.highlight);
    state.version = data.version;
    build(holder, state, data, parentElement);
    highlight(state, data.highlight);
  });
  return () => {
    if (holder.isConnected || !state.network) return;
    state.network.destroy();
    holder.state = undefined;
  };
}

function whenLoaded(work, tries = 0) {
  if (globalThis.vis && globalThis.vis.Network) work();
  else if (tries < 400) setTimeout(() => whenLoaded(work, tries + 1), 25);
}

function build(holder, state, data, root) {
  if (state.network) state.network.destroy();
  const canvas = holder.querySelector(".canvas");
  canvas.style.height = Math.min(data.height, Math.max(360, holder.clientWidth)) + "px";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", data.alt);
  const nodes = data.nodes.map((node) => ({ ...node, label: undefined, title: textBox(node.title) }));
  const edges = data.edges.map((edge) => ({
    ...edge, arrows: "", title: edge.title ? textBox(edge.title) : undefined, color: { color: edge.color, opacity: 0.55, highlight: edge.color },
  }));
  state.network = new globalThis.vis.Network(canvas, { nodes, edges }, {
    physics: false,
    layout: { improvedLayout: false },
    interaction: { hover: true, tooltipDelay: 120, dragNodes: false, hideEdgesOnDrag: nodes.length > 300, zoomSpeed: 0.6 },
    nodes: { borderWidth: 1.5, borderWidthSelected: 4 },
    edges: { smooth: false, hoverWidth: 1, selectionWidth: 1.5 },
  });
  state.labels = data.nodes.map((node) => ({ text: node.label, x: node.x, y: node.y, angle: node.angle, hop: node.hop, size: node.size }));
  state.network.on("afterDrawing", (context) => drawLabels(context, state, root));
  state.network.on("click", (event) => {
    if (event.nodes.length) state.send("clicked", event.nodes[0]);
    else if (event.edges.length) state.send("clicked", fartherEnd(state.network, data.nodes, event.edges[0]));
  });
  state.network.on("hoverEdge", () => (canvas.style.cursor = "pointer"));
  state.network.on("blurEdge", () => (canvas.style.cursor = "default"));
  state.network.on("hoverNode", () => (canvas.style.cursor = "pointer"));
  state.network.on("blurNode", () => (canvas.style.cursor = "default"));
  fit(state, canvas);
  legend(holder, data.legend);
  drawTools(holder, state, data);
}

// A link leads to its end that is farther from the middle.
function fartherEnd(network, nodes, edge) {
  const hops = new Map(nodes.map((node) => [node.id, node.hop]));
  const [one, other] = network.getConnectedNodes(edge);
  return hops.get(other) >= hops.get(one) ? other : one;
}

// vis-network's own fit does not know of our labels, which reach beyond the outermost nodes.
function fit(state, canvas) {
  const reach = (axis) => Math.max(...state.labels.map((label) => Math.abs(label[axis])), 60) + LABEL_REACH;
  const scale = Math.min(canvas.clientWidth / (2 * reach("x")), canvas.clientHeight / (2 * reach("y")));
  if (!(scale > 0)) return; // the picture is hidden, and has no size yet
  state.network.moveTo({ position: { x: 0, y: 0 }, scale: Math.min(scale, 1.4) });
}

function textBox(text) {
  const box = document.createElement("div");
  box.textContent = text;
  return box;
}

function drawLabels(context, state, root) {
  const style = getComputedStyle(root instanceof ShadowRoot ? root.host : root);
  context.save();
  context.font = `${LABEL_SIZE}px ${style.getPropertyValue("--st-font") || "sans-serif"}`;
  context.fillStyle = style.getPropertyValue("--st-text-color") || "#333";
  context.strokeStyle = style.getPropertyValue("--st-background-color") || "#fff";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.textBaseline = "middle";
  for (const label of state.labels) drawLabel(context, label);
  context.restore();
}

function drawLabel(context, label) {
  context.save();
  context.translate(label.x, label.y);
  let offset = label.size + 7;
  if (label.hop === 0) {
    context.textAlign = "center";
    context.translate(0, label.size + 16);
    offset = 0;
  } else {
    const flip = Math.cos(label.angle) < 0;
    context.rotate(flip ? label.angle + Math.PI : label.angle);
    context.textAlign = flip ? "right" : "left";
    if (flip) offset = -offset;
  }
  context.strokeText(label.text, offset, 0);
  context.fillText(label.text, offset, 0);
  context.restore();
}

function highlight(state, node) {
  if (!state.network) return;
  const known = node && state.network.body.data.nodes.get(node);
  state.network.selectNodes(known ? [node] : []);
  if (known && state.shown !== node) state.network.focus(node, { scale: Math.max(0.8, state.network.getScale()), animation: false });
  state.shown = node;
}

function drawTools(holder, state, data) {
  const add = toolbar(holder);
  const zoom = (factor) => state.network.moveTo({ scale: state.network.getScale() * factor });
  add("+", "Zoom in", () => zoom(1.3));
  add("−", "Zoom out", () => zoom(1 / 1.3));
  add("Fit", "Show the whole picture", () => fit(state, holder.querySelector(".canvas")));
  add("PNG", "Download the picture", () => download(holder, data.file_name));
}

function download(holder, name) {
  const drawn = holder.querySelector("canvas");
  const copy = document.createElement("canvas");
  copy.width = drawn.width;
  copy.height = drawn.height;
  const context = copy.getContext("2d");
  context.fillStyle = getComputedStyle(holder).backgroundColor;
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(drawn, 0, 0);
  saveAs(copy.toDataURL("image/png"), name);
}
