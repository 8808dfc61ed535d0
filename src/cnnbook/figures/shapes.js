// The shape calculator: what a convolution layer makes of an input's size, and what it costs.
import { choice, slider } from "./controls.js";
import { element, fill } from "./host.js";

// Zeros before and after along one axis: none, or as TensorFlow's SAME puts them.
export function zeros(size, kernel, { stride, dilation, padding }) {
  if (padding === "valid") return [0, 0];
  const reach = (kernel - 1) * dilation + 1;
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

// Output size (0 where no window fits), zeros, and the rows of the padded input no window reaches.
export function along(size, kernel, settings) {
  const [before, after] = zeros(size, kernel, settings);
  const reach = (kernel - 1) * settings.dilation + 1;
  const room = before + size + after - reach;
  if (room < 0) return { out: 0, before, after, left: size, reach };
  return {
    out: Math.floor(room / settings.stride) + 1, before, after, left: room % settings.stride, reach,
  };
}

// Parameters and, for one image, multiplications of a layer of F filters over C channels.
export function costs(size, kernel, channels, filters, settings) {
  const { out } = along(size, kernel, settings);
  return {
    parameters: kernel * kernel * channels * filters + filters,
    products: out * out * filters * kernel * kernel * channels,
  };
}

// Receptive field of `depth` such layers, one after the other: each adds what its reach adds, in
// steps of the strides before it.
export function field(kernel, depth, { stride, dilation }) {
  let [seen, jump] = [1, 1];
  for (let k = 0; k < depth; k++) {
    seen += (kernel - 1) * dilation * jump;
    jump *= stride;
  }
  return seen;
}

export function shapes(figure, config, words) {
  const state = { ...config };
  const facts = element("dl", { class: "facts", "aria-live": "polite" });
  const style = element("style", {}, `
    .facts { display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 1rem; margin: 0.75rem 0 0; }
    .facts dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
    .ruler { display: flex; flex-wrap: nowrap; height: 1.5rem; margin-top: 0.75rem; max-width: 36rem; }
    .ruler span { flex: 1 1 0; border: 1px solid var(--paper); background: var(--input); }
    .ruler .zero { background: repeating-linear-gradient(45deg, var(--sunk) 0 3px, var(--line) 3px 5px); }
    .ruler .left { background: var(--error); }
    .ruler .first { outline: 3px solid var(--kernel); outline-offset: -3px; }
  `);
  const ruler = element("div", { class: "ruler", role: "img" });
  const scale = (name, min, max) =>
    slider(words[name], { min, max, value: state[name] }, (value) => { state[name] = value; draw(); });
  const count = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

  const draw = () => {
    const { size, kernel, channels, filters, depth } = state;
    const { out, before, after, left, reach } = along(size, kernel, state);
    const { parameters, products } = costs(size, kernel, channels, filters, state);
    const rows = [
      [words.output, out ? fill(words.outputSize, { out, filters }) : fill(words.tooLarge, { reach })],
      [words.zeros, fill(words.zerosAre, { before, after })],
      [words.left, fill(words.leftAre, { left: out ? left : 0 })],
      [words.parameters, count(parameters)],
      [words.products, count(products)],
      [fill(words.field, { depth }), fill(words.fieldIs, { field: field(kernel, depth, state) })],
    ];
    facts.replaceChildren(...rows.flatMap(([name, value]) => [
      element("dt", {}, name), element("dd", {}, value),
    ]));
    const cells = before + size + after;
    ruler.replaceChildren(...Array.from({ length: cells }, (_, k) => element("span", {
      class: [
        (k < before || k >= before + size) && "zero",
        out && k >= cells - left && "left",
        out && k % state.dilation === 0 && k < reach && "first",
      ].filter(Boolean).join(" "),
    })));
    ruler.setAttribute("aria-label", fill(words.ruler, { cells, left: out ? left : 0 }));
  };

  figure.append(
    style,
    element("div", { class: "row" },
      scale("size", 1, 32), scale("kernel", 1, 11), scale("stride", 1, 4), scale("dilation", 1, 4),
      scale("channels", 1, 64), scale("filters", 1, 64), scale("depth", 1, 5),
      choice(words.padding, [["valid", "VALID"], ["same", "SAME"]], state.padding, (value) => {
        state.padding = value;
        draw();
      })),
    ruler,
    facts,
    element("p", { class: "quiet" }, words.hint),
  );
  draw();
}
