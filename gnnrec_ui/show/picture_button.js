// Saves a drawing as a PNG.
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => {
    const read = new DOMParser().parseFromString(data.svg, "image/svg+xml");
    savePixels(document.importNode(read.documentElement, true), data.file);
  };
}
