// Puts a figure into the page: its own shadow tree, its colours in both themes, its words.
import { GRID_STYLE } from "./grid.js";

const STYLE = `
:host { display: block; margin: 1rem 0; text-align: start; }
.figure {
  --ink: #1f2328; --quiet: #57606a; --paper: #ffffff; --sunk: #f6f7f9; --line: #c3cad2;
  --plus: #0072b2; --minus: #b44e00; --focus: #005f96;
  color: var(--ink); background: var(--paper); border: 1px solid var(--line);
  border-radius: 8px; padding: 0.75rem; font: 0.9rem/1.4 system-ui, sans-serif;
}
.figure.dark {
  --ink: #e2e6eb; --quiet: #a3adb9; --paper: #14171c; --sunk: #20252d; --line: #454e5a;
  --plus: #4aa3dc; --minus: #e0823c; --focus: #7cc4f0;
}
[hidden] { display: none !important; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem 1rem; align-items: flex-start; }
.row + .row, .row + p, p + .row { margin-top: 0.75rem; }
p { margin: 0.5rem 0 0; }
.sum { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; min-height: 2.8em; }
.quiet { color: var(--quiet); }
button, select, input[type="number"], input[type="text"] {
  font: inherit; color: inherit; background: var(--sunk); border: 1px solid var(--line);
  border-radius: 6px; padding: 0.3rem 0.6rem; min-height: 2.1rem; min-width: 2.1rem;
}
button { cursor: pointer; }
button[aria-pressed="true"] { background: var(--ink); color: var(--paper); }
button:disabled { opacity: 0.45; cursor: default; }
label { display: inline-flex; gap: 0.4rem; align-items: center; }
input[type="range"] { accent-color: var(--focus); min-width: 6rem; max-width: 100%; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

// Find every place in the page that waits for this figure and build it there.
export function mount(name, build, { config, words, palette }) {
  for (const host of document.querySelectorAll(`[data-figure="${name}"]`)) {
    if (host.shadowRoot) continue;
    const root = host.attachShadow({ mode: "open" });
    const style = document.createElement("style");
    const roles = Object.entries(palette).map(([role, colour]) => `--${role}: ${colour};`);
    style.textContent = `:host { ${roles.join(" ")} }` + STYLE + GRID_STYLE;
    const figure = element("div", { class: "figure", role: "group", "aria-label": words.title });
    root.append(style, figure);
    followTheme(figure);
    build(figure, config, words);
    host.dataset.ready = "";
  }
}

// The page says which theme it is in: the book on <html>, JupyterLab on <body>.
function followTheme(figure) {
  const html = document.documentElement;
  const apply = () => {
    const jupyter = document.body.dataset.jpThemeLight;
    const dark = html.dataset.theme ? html.dataset.theme === "dark" : jupyter === "false";
    figure.classList.toggle("dark", dark);
  };
  apply();
  const observer = new MutationObserver(apply);
  observer.observe(html, { attributes: true, attributeFilter: ["data-theme"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
}

// Make an element with attributes and children; a property that is a function listens to events.
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// Put numbers and names into a sentence: fill("row {i}", { i: 2 }).
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// Write a number as the book does: a real minus sign, at most so many decimals, no trailing zeros.
export function number(value, decimals = 2) {
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : value > 0 ? "∞" : "?";
  const text = String(Number(value.toFixed(decimals)));
  return text === "-0" ? "0" : text.replace("-", "−");
}

// Read a number as a reader types it: either minus sign, either decimal mark; NaN if it is none.
export function numberFrom(text) {
  const typed = text.trim().replace("−", "-").replace(",", ".");
  return typed === "" ? NaN : Number(typed) + 0; // + 0: no negative zero
}

// Write pairs of factors as a sum of products, with the brackets that negative numbers need.
export function sumOfProducts(pairs) {
  const factor = (f, first) => (f < 0 && !first ? `(${number(f)})` : number(f));
  return pairs.map(([a, b], k) => `${factor(a, k === 0)} · ${factor(b)}`).join(" + ");
}
