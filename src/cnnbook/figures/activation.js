// An activation: drag the input, see value, slope and tangent.
import { choice, slider } from "./controls.js";
import { element, fill, number } from "./host.js";

const SVG = "http://www.w3.org/2000/svg";

// Value and slope of each activation, as the package computes them; at its kink ReLU's slope is 0
// and the leaky one's is the leak.
export function activate(name, z, leak) {
  if (name === "relu") return [Math.max(z, 0), z > 0 ? 1 : 0];
  if (name === "leaky_relu") return [z > 0 ? z : leak * z, z > 0 ? 1 : leak];
  if (name === "tanh") return [Math.tanh(z), 1 - Math.tanh(z) ** 2];
  const a = 1 / (1 + Math.exp(-z));
  return [a, a * (1 - a)];
}

function shape(tag, attributes, parent) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  parent?.append(node);
  return node;
}

export function activation(figure, config, words) {
  const { leak, reach } = config;
  let name = config.name;
  let z = config.z;
  const [width, height] = [420, 250];
  const [low, high] = [-1.6, 3.2];
  const across = (value) => ((value + reach) / (2 * reach)) * width;
  const up = (value) => height - ((value - low) / (high - low)) * height;

  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" });
  picture.style.cssText = "width: 100%; max-width: 35rem; touch-action: none; cursor: ew-resize";
  const line = (attributes) => shape("line", attributes, picture);
  const text = (x, y, content, anchor = "middle") => {
    const node = shape("text", { x, y, "text-anchor": anchor, "font-size": 13, fill: "var(--quiet)" }, picture);
    node.textContent = content;
    return node;
  };
  line({ x1: 0, x2: width, y1: up(0), y2: up(0), stroke: "var(--line)" });
  line({ x1: across(0), x2: across(0), y1: 0, y2: height, stroke: "var(--line)" });
  for (let k = -reach + 1; k < reach; k++) if (k) text(across(k), up(0) + 16, number(k));
  for (const k of [-1, 1, 2, 3]) text(across(0) - 8, up(k) + 5, number(k), "end");
  text(width - 4, up(0) - 8, "z", "end");
  text(across(0) + 8, 16, "f(z)", "start");
  const curve = shape("polyline", { fill: "none", stroke: "var(--output)", "stroke-width": 3 }, picture);
  const tangent = line({ stroke: "var(--error)", "stroke-width": 2.5, "stroke-dasharray": "7 4" });
  const drop = line({ stroke: "var(--input)", "stroke-width": 2 });
  const foot = shape("circle", { r: 9, fill: "var(--input)" }, picture);
  const point = shape("circle", { r: 6, fill: "var(--output)", stroke: "var(--paper)", "stroke-width": 2 }, picture);

  const said = element("p", { class: "sum", "aria-live": "polite" });
  const input = slider(words.input, { min: -reach, max: reach, step: 0.1, value: z }, (value) => {
    z = value;
    draw();
  });

  const names = ["relu", "leaky_relu", "sigmoid", "tanh"].map((each) => [each, words[each]]);
  const which = choice(words.function, names, name, (value) => { name = value; draw(); });

  const drag = (event) => {
    const box = picture.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    z = Math.round((2 * share - 1) * reach * 10) / 10;
    z = Math.max(-reach, Math.min(reach, z));
    input.move(z);
    draw();
  };
  picture.addEventListener("pointerdown", (event) => {
    picture.setPointerCapture(event.pointerId);
    drag(event);
  });
  picture.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });

  const draw = () => {
    const [value, slope] = activate(name, z, leak);
    const points = Array.from({ length: 141 }, (_, k) => {
      const at = -reach + (2 * reach * k) / 140;
      return `${across(at)},${up(activate(name, at, leak)[0])}`;
    });
    curve.setAttribute("points", points.join(" "));
    const half = 1.3 / Math.hypot(1, slope);
    for (const [k, side] of [[1, -1], [2, 1]]) {
      tangent.setAttribute(`x${k}`, across(z + side * half));
      tangent.setAttribute(`y${k}`, up(value + side * half * slope));
    }
    for (const [key, at] of Object.entries({ x1: across(z), x2: across(z), y1: up(0), y2: up(value) })) {
      drop.setAttribute(key, at);
    }
    foot.setAttribute("cx", across(z));
    foot.setAttribute("cy", up(0));
    point.setAttribute("cx", across(z));
    point.setAttribute("cy", up(value));
    const rounded = { name: words[name], z: number(z, 1), value: number(value, 3), slope: number(slope, 3) };
    said.textContent = fill(words.says, rounded);
    if (z === 0 && name.endsWith("relu")) said.textContent += " " + words.kink;
    picture.setAttribute("aria-label", fill(words.picture, rounded));
  };

  figure.append(
    element("div", { class: "row" }, which, input),
    element("div", { class: "row" }, picture),
    said,
    element("p", { class: "quiet" }, words.hint),
  );
  draw();
}
