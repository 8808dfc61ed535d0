// Two dice as rows of cells: the second is flipped and slid over the totals, and bar by bar the
// convolution of the two grows. Then many dice like the first, and the normal curve over them.
// A die is the list of its faces' weights, face 1 first; totals of m dice are lists from m on.
import { button, player, slider } from "./controls.js";
import { element, fill, number, numberFrom } from "./host.js";

export function chances(weights) {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

export function convolve(p, q) {
  const z = Array(p.length + q.length - 1).fill(0);
  p.forEach((a, k) => q.forEach((b, l) => { z[k + l] += a * b; }));
  return z;
}

// The faces [k, l] that meet at total n, of dice with K and L sides.
export function meeting(K, L, n) {
  const found = [];
  for (let k = Math.max(1, n - L); k <= Math.min(K, n - 1); k++) found.push([k, n - k]);
  return found;
}

export function totals(p, count) {
  let z = p;
  for (let m = 1; m < count; m++) z = convolve(z, p);
  return z;
}

// Mean and variance of a distribution whose entry 0 is the chance of `first`.
export function moments(z, first) {
  const mean = z.reduce((sum, value, k) => sum + (first + k) * value, 0);
  const variance = z.reduce((sum, value, k) => sum + (first + k - mean) ** 2 * value, 0);
  return [mean, variance];
}

export function bell(n, mean, variance) {
  return Math.exp(-((n - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);
}

// The largest gap between a bar and the curve, as a share of the curve's highest value, as the
// chapter has it: at the whole numbers from 0 on.
export function largestGap(z, first) {
  const [mean, variance] = moments(z, first);
  let [gap, peak] = [0, 0];
  for (let n = 0; n < first + z.length; n++) {
    const curve = bell(n, mean, variance);
    gap = Math.max(gap, Math.abs(curve - (z[n - first] ?? 0)));
    peak = Math.max(peak, curve);
  }
  return gap / peak;
}

function divisor(a, b) {
  return b ? divisor(b, a % b) : a;
}

// The value if so many decimals write it exactly, but for the last bits; null otherwise.
function decimal(value, places) {
  const near = Math.round(value * 10 ** places) / 10 ** places;
  return Math.abs(near - value) <= 1e-12 * value ? near : null;
}

// Weights as whole numbers without a common divisor, or null where thousandths do not do.
function wholes(weights) {
  const parts = weights.map((weight) => Math.round(weight * 1000));
  if (weights.some((weight, k) => Math.abs(parts[k] / 1000 - weight) > 1e-12 * weight)) return null;
  const common = parts.reduce(divisor);
  return parts.map((part) => part / common);
}

// How to write a die's chances: decimals if three of them do, fractions if they are short, and
// rounded otherwise.
export function written(weights) {
  const p = chances(weights);
  if (p.every((value) => decimal(value, 3) !== null)) {
    return { texts: p.map((value) => number(value, 3)), exact: true, fractions: false };
  }
  const parts = wholes(weights);
  const whole = parts?.reduce((a, b) => a + b, 0);
  if (parts && whole < 100) {
    const texts = parts.map((part) => (part ? `${part}/${whole}` : "0"));
    return { texts, exact: true, fractions: true };
  }
  return { texts: p.map((value) => number(value, 3)), exact: false, fractions: false };
}

// What follows the sum of products at total n: pairs of a sign and a number, as [["=", "3/36"],
// ["=", "1/12"], ["≈", "0.083"]].
export function result(blue, orange, n) {
  const pairs = meeting(blue.length, orange.length, n);
  const [p, q] = [chances(blue), chances(orange)];
  const value = pairs.reduce((sum, [k, l]) => sum + p[k - 1] * q[l - 1], 0);
  const [a, b] = [written(blue), written(orange)];
  const rounded = ["≈", number(value, 3)];
  if (!a.exact || !b.exact) return [rounded];
  if (decimal(value, 4) !== null) return [["=", number(value, 4)]];
  const [r, s] = [wholes(blue), wholes(orange)];
  if (!r || !s) return [rounded];
  const sum = (parts) => parts.reduce((x, y) => x + y, 0);
  const over = sum(r) * sum(s);
  const part = pairs.reduce((x, [k, l]) => x + r[k - 1] * s[l - 1], 0);
  if (over > 9999) return [rounded];
  const common = divisor(part, over);
  const reduced = common > 1 ? [["=", `${part / common}/${over / common}`]] : [];
  return [["=", `${part}/${over}`], ...reduced, rounded];
}

const FAIR = (sides) => Array(sides).fill(1);
// The chapter's loaded dice, for any number of sides: the last face as likely as all others, and
// the first third of the faces three times as likely as the rest.
const LOADED = {
  p: (sides) => Array.from({ length: sides }, (_, k) => (k < sides - 1 ? 1 : sides - 1)),
  q: (sides) => Array.from({ length: sides }, (_, k) => (k < Math.round(sides / 3) ? 3 : 1)),
};

const DICE_STYLE = `
.dice { gap: 0.75rem 2rem; }
.die { flex: 1 1 16rem; min-width: 0; }
.die .name { border-bottom: 3px solid var(--role-colour); }
.die .row { align-items: center; gap: 0.4rem 0.75rem; }
.die .name + .row { margin-top: 0.5rem; }
.faces { display: grid; gap: 0.4rem 0.25rem; margin-top: 0.5rem; justify-content: start; }
.face { display: flex; flex-direction: column; align-items: center; gap: 2px; min-width: 0; }
.face svg { display: block; }
.faces input.cell {
  box-sizing: border-box; width: 100%; height: 2rem; min-width: 0; min-height: 0; padding: 0;
  text-align: center; font-size: 0.9rem; background: var(--sunk); user-select: text;
}
.face .chance { font-size: 0.75rem; color: var(--quiet); font-variant-numeric: tabular-nums; }
.die .refused { margin: 0.25rem 0 0; color: var(--minus); }
.die .refused:empty { margin: 0; }
.drawing { display: block; width: 100%; overflow: hidden; user-select: none; }
.drawing text { fill: var(--ink); font-variant-numeric: tabular-nums; }
.drawing .labels text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
.drawing .soft { fill: var(--quiet); }
.stage { touch-action: pan-y; cursor: grab; margin-top: 0.75rem; }
.stage.held { cursor: grabbing; }
.chart { touch-action: manipulation; cursor: pointer; margin-top: 0.5rem; }
.faint { opacity: 0.32; }
.drawing + .row, .drawing + p { margin-top: 0.6rem; }
.steps { align-items: center; }
.steps input { flex: 1 1 7rem; max-width: 20rem; }
.where { font-weight: 600; margin-right: 0.4rem; }
.sum .terms { display: block; }
.sum span span { white-space: nowrap; }
.sum i { font-family: Georgia, "Times New Roman", serif; }
.sum sub { line-height: 0; }
.many { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: 0.75rem; }
.many .heading { font-weight: 600; margin: 0 0 0.5rem; }
.many.alone { border: 0; padding: 0; }
.many .row { align-items: center; }
@media (prefers-reduced-motion: no-preference) {
  .slides { transition: transform 0.3s ease; }
  .slides *, .stays * { transition: opacity 0.3s ease; }
  .band { transition: x 0.3s ease, width 0.3s ease; }
  .grows { transition: transform 0.35s ease; }
  .stage.held .slides { transition-duration: 0.1s; }
}
`;

function draw(tag, attributes, parent, content) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (content !== undefined) node.textContent = content;
  parent?.append(node);
  return node;
}

const PIPS = [[], [4], [0, 8], [0, 4, 8], [0, 2, 6, 8], [0, 2, 4, 6, 8], [0, 2, 3, 5, 6, 8]];

// One face of a die around (0, 0): pips as on a common die, numerals if it has more than six.
function tile(face, sides, size, role, parent) {
  const node = draw("g", {}, parent);
  const half = size / 2 - 1;
  draw("rect", {
    x: -half, y: -half, width: 2 * half, height: 2 * half, rx: size / 5,
    fill: "var(--paper)", stroke: `var(--${role})`, "stroke-width": size > 24 ? 2.5 : 2,
  }, node);
  if (sides <= 6) {
    for (const place of PIPS[face]) {
      const [x, y] = [(place % 3) - 1, Math.floor(place / 3) - 1];
      draw("circle", { cx: x * size * 0.24, cy: y * size * 0.24, r: size * 0.085, fill: "var(--ink)" }, node);
    }
  } else {
    const text = { "text-anchor": "middle", "dominant-baseline": "central", "font-size": size * 0.52 };
    draw("text", { ...text, "font-weight": 600, fill: "var(--ink)" }, node, face);
  }
  return node;
}

// A die's panel: presets, sides, and a cell for the weight of each face.
function panel(words, { name, letter, role, weights, limits, onChange }) {
  const kinds = { fair: FAIR, loaded: LOADED[letter] };
  const about = element("span", { class: "quiet" }, fill(words.about, { letter }));
  const heading = element("div", { class: "name" }, element("strong", {}, name), " ", about);
  const faces = element("div", { class: "faces" });
  const refused = element("p", { class: "refused", role: "status" });
  const [low, high] = limits.sides;
  let wide = 400;

  const same = (kind) => {
    const [p, r] = [chances(weights), chances(kinds[kind](weights.length))];
    return p.every((value, k) => Math.abs(value - r[k]) < 1e-12);
  };
  const preset = (kind, text) => button(text, () => set(kinds[kind](weights.length)));
  const buttons = { fair: preset("fair", words.fair), loaded: preset("loaded", words.loaded) };
  const sides = slider(words.sides, { min: low, max: high, value: weights.length }, (count) => {
    const kind = Object.keys(kinds).find(same);
    const longer = Array.from({ length: count }, (_, k) => weights[k] ?? weights.at(-1));
    set(kind ? kinds[kind](count) : longer.some((weight) => weight > 0) ? longer : FAIR(count));
  });
  const node = element("div", { class: "die", role: "group", "aria-label": name }, heading,
    element("div", { class: "row" }, buttons.fair, buttons.loaded, sides), faces, refused);
  node.style.setProperty("--role-colour", `var(--${role})`);

  const shown = (k) => number(weights[k], 3);
  const set = (next) => {
    weights = next;
    refused.textContent = "";
    show();
    onChange(weights);
  };
  // Enter or leaving the cell takes the number, Escape drops it.
  const take = (k, field) => {
    if (field.value === shown(k)) return;
    const value = numberFrom(field.value);
    const next = weights.map((weight, each) => (each === k ? value : weight));
    const fits = value >= 0 && value <= limits.most;
    if (fits && next.some((weight) => weight > 0)) return set(next);
    const why = { face: k + 1, weight: shown(k), least: 0, most: limits.most };
    refused.textContent = fill(fits ? words.allZero : words.refused, why);
    field.value = shown(k);
  };

  const show = () => {
    const { texts } = written(weights);
    if (faces.children.length !== weights.length) {
      faces.replaceChildren(...weights.map((_, k) => {
        const picture = draw("svg", { width: 28, height: 28, viewBox: "-14 -14 28 28", "aria-hidden": "true" });
        tile(k + 1, weights.length, 28, role, picture);
        const field = element("input", {
          type: "text", inputmode: "decimal", autocomplete: "off", class: "cell editable",
          click: () => field.select(),
          blur: () => take(k, field),
          keydown: (event) => {
            if (event.key === "Enter") take(k, field);
            if (event.key === "Escape") { field.value = shown(k); refused.textContent = ""; }
          },
        });
        return element("div", { class: "face" }, picture, field, element("span", { class: "chance" }));
      }));
      sides.move(weights.length);
    }
    [...faces.children].forEach((face, k) => {
      const field = face.querySelector("input");
      field.value = shown(k);
      const all = { die: name, face: k + 1, weight: shown(k), chance: texts[k] };
      field.setAttribute("aria-label", fill(words.face, all));
      face.querySelector(".chance").textContent = texts[k];
    });
    for (const kind of Object.keys(kinds)) {
      buttons[kind].setAttribute("aria-pressed", String(same(kind)));
    }
    fit(wide);
  };
  // One row of cells if they find room, two if not.
  const fit = (width) => {
    wide = width;
    const count = weights.length;
    const columns = count * 40 <= width || count <= 6 ? count : Math.ceil(count / 2);
    faces.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 2.9rem))`;
  };
  node.fit = fit;
  show();
  return node;
}

// The two rows: the blue faces stay, the orange ones run backwards and slide below them.
function rows(words, onMove) {
  const node = draw("svg", { class: "drawing stage", role: "img" });
  let [K, L, n, cell] = [1, 1, 2, 40];
  let parts = {};

  const build = (blue, orange, width) => {
    [K, L] = [blue.length, orange.length];
    cell = Math.max(Math.min(46, width / (K + 2 * L - 2)), Math.min(26, width / (K + 1)));
    const roomy = cell >= 34;
    const size = cell - (roomy ? 8 : 3);
    const [p, q] = [chances(blue), chances(orange)];
    const tall = (roomy ? 56 : 40) / Math.max(...p, ...q);
    const label = roomy ? 16 : 0;
    const top = label + 6 + tall * Math.max(...p);
    const middle = roomy ? 26 : 8;
    const [up, down] = [top + 4 + size / 2, top + 4 + size + middle + size / 2];
    const foot = down + size / 2 + 4;
    const height = foot + tall * Math.max(...q) + label + 6;
    node.replaceChildren();
    node.setAttribute("viewBox", `0 0 ${width} ${height}`);
    node.setAttribute("height", height);
    const left = (width - K * cell) / 2;
    const at = (column) => left + (column - 0.5) * cell;
    const band = draw("rect", {
      class: "band", y: 1, height: height - 2, rx: 8, stroke: "var(--highlight)", "stroke-width": 2,
      fill: "color-mix(in srgb, var(--highlight) 18%, var(--paper))",
    }, node);
    const stays = draw("g", { class: "stays" }, node);
    const slides = draw("g", { class: "slides" }, node);
    const middleText = { "text-anchor": "middle", "font-size": 12 };
    const [above, below] = [written(blue).texts, written(orange).texts];
    const bar = Math.max(4, size - 6);
    const face = (parent, role, k, sides, x, y, bars, text) => {
      const group = draw("g", { transform: `translate(${x} 0)` }, parent);
      const [from, length, name] = bars;
      draw("rect", { x: -bar / 2, width: bar, y: from, height: length, rx: 1, fill: `var(--${role})` }, group);
      tile(k, sides, size, role, draw("g", { transform: `translate(0 ${y})` }, group));
      if (roomy) draw("text", { ...middleText, y: text }, group, name);
      return group;
    };
    const blues = p.map((value, k) => face(stays, "input", k + 1, K, at(k + 1), up,
      [top - tall * value, tall * value, above[k]], top - tall * value - 5));
    const oranges = q.map((value, l) => face(slides, "kernel", l + 1, L, at(-l - 1), down,
      [foot, tall * value, below[l]], foot + tall * value + 14));
    const signs = p.map((_, k) => (roomy
      ? draw("text", { ...middleText, x: at(k + 1), y: (up + down) / 2 + 6, "font-size": 20, "font-weight": 700 }, node, "·") : null));
    parts = { band, slides, blues, oranges, signs, at };
  };

  node.show = (total) => {
    n = total;
    const pairs = meeting(K, L, n);
    const [from, to] = [pairs[0][0], pairs.at(-1)[0]];
    const { band, slides, blues, oranges, signs, at } = parts;
    band.setAttribute("x", at(from) - cell / 2 + 0.5);
    band.setAttribute("width", (to - from + 1) * cell - 1);
    slides.style.transform = `translateX(${n * cell}px)`;
    blues.forEach((face, k) => face.classList.toggle("faint", k + 1 < from || k + 1 > to));
    oranges.forEach((face, l) => face.classList.toggle("faint", n - l - 1 < from || n - l - 1 > to));
    signs.forEach((sign, k) => sign?.setAttribute("visibility", k + 1 < from || k + 1 > to ? "hidden" : "visible"));
    const list = pairs.map(([k, l]) => fill(words.pair, { k, l })).join(", ");
    node.setAttribute("aria-label", fill(words.stage, { K, n, pairs: list }));
  };
  node.build = build;

  let start = null;
  node.addEventListener("pointerdown", (event) => {
    start = { x: event.clientX, n };
    node.setPointerCapture(event.pointerId);
    node.classList.add("held");
  });
  node.addEventListener("pointermove", (event) => {
    if (!start) return;
    const to = start.n + Math.round((event.clientX - start.x) / cell);
    if (to !== n) onMove(Math.max(2, Math.min(K + L, to)));
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    node.addEventListener(kind, () => { start = null; node.classList.remove("held"); });
  }
  return node;
}

// Which of the places under an axis carry their number: as many as find room.
function ticks(first, count, pitch) {
  const step = [1, 2, 5, 10, 20, 50].find((each) => each * pitch >= 24);
  return Array.from({ length: count }, (_, k) => first + k).filter((n) => step === 1 || n % step === 0);
}

// The bars of all totals up to the chosen one, each a pile of the products of its pairs.
function piles(words, onChoose) {
  const node = draw("svg", { class: "drawing chart", role: "img" });
  let bars = [];
  let z = [];
  let place = (x) => x;

  node.build = (blue, orange, width) => {
    const [p, q] = [chances(blue), chances(orange)];
    z = convolve(p, q);
    const count = z.length;
    const pitch = Math.min(46, (width - 16) / count);
    const left = (width - count * pitch) / 2;
    place = (x) => Math.max(0, Math.min(count - 1, Math.floor((x - left) / pitch)));
    const base = 136;
    const tall = 112 / Math.max(...z);
    node.replaceChildren();
    node.setAttribute("viewBox", `0 0 ${width} ${base + 24}`);
    node.setAttribute("height", base + 24);
    const shown = new Set(ticks(2, count, pitch));
    const labels = draw("g", { class: "labels" });
    bars = z.map((value, k) => {
      const n = k + 2;
      const x = left + (k + 0.5) * pitch;
      const wide = pitch > 6 ? pitch * 0.82 : pitch;
      const grows = draw("g", { class: "grows" }, node);
      grows.style.transformOrigin = `${x}px ${base}px`;
      let y = base;
      const bricks = meeting(p.length, q.length, n).map(([i, j]) => {
        const height = tall * p[i - 1] * q[j - 1];
        y -= height;
        return draw("rect", {
          x: x - wide / 2, y, width: wide, height, stroke: "var(--paper)",
          "stroke-width": height > 4 ? 1 : 0,
        }, grows);
      });
      const frame = draw("rect", {
        x: x - wide / 2, y: base - tall * value, width: wide, height: tall * value,
        fill: "none", stroke: "var(--ink)", "stroke-width": 1.5,
      }, grows);
      const middle = { x, "text-anchor": "middle", "font-size": 12 };
      const inside = Math.max(20, Math.min(width - 20, x));
      const label = draw("text", { ...middle, x: inside, y: base - tall * value - 6 }, labels, number(value, 3));
      const tick = draw("text", { ...middle, y: base + 17 }, node, n);
      return { bricks, grows, frame, label, tick, ticked: shown.has(n), pitch };
    });
    node.append(labels); // over all bars
    const half = (count * pitch) / 2;
    draw("line", { x1: width / 2 - half, x2: width / 2 + half, y1: base, y2: base, stroke: "var(--quiet)" }, node);
  };

  node.show = (total) => {
    bars.forEach(({ bricks, grows, frame, label, tick, ticked, pitch }, k) => {
      const [seen, now] = [k + 2 <= total, k + 2 === total];
      grows.style.transform = `scaleY(${seen ? 1 : 0})`;
      frame.setAttribute("visibility", now ? "visible" : "hidden");
      for (const brick of bricks) brick.setAttribute("fill", now ? "var(--highlight)" : "var(--output)");
      label.setAttribute("visibility", now || (seen && pitch > 40) ? "visible" : "hidden");
      label.setAttribute("font-weight", now ? 700 : 400);
      const crowded = !now && pitch < 24 && Math.abs(k + 2 - total) * pitch < 20;
      tick.setAttribute("visibility", now || (ticked && !crowded) ? "visible" : "hidden");
      tick.setAttribute("font-weight", now ? 700 : 400);
      tick.setAttribute("class", now ? "" : "soft");
    });
    const list = z.slice(0, total - 1).map((value, k) => fill(words.bar, { n: k + 2, value: number(value, 3) }));
    node.setAttribute("aria-label", fill(words.chart, { n: total, list: list.join(", ") }));
  };
  node.addEventListener("click", (event) => {
    onChoose(place(event.clientX - node.getBoundingClientRect().left));
  });
  return node;
}

// The sum of products at total n, in letters, in numbers, and what it comes to.
function writeSum(node, blue, orange, n) {
  const pairs = meeting(blue.length, orange.length, n);
  const [a, b] = [written(blue), written(orange)];
  const entry = (letter, k) => [element("i", {}, letter), element("sub", {}, String(k))];
  const plus = (terms) => terms.flatMap((term, k) => (k ? [" + ", term] : [term]));
  const line = (...content) => element("span", { class: "terms" }, ...content);
  const letters = pairs.map(([k, l]) => element("span", {}, ...entry("p", k), "\u200a", ...entry("q", l)));
  const products = pairs.map(([k, l]) => element("span", {}, `${a.texts[k - 1]} · ${b.texts[l - 1]}`));
  const end = result(blue, orange, n).flatMap(([sign, text]) => [` ${sign} `, element("strong", {}, text)]);
  node.replaceChildren(
    line(...entry("z", n), " = ", ...plus(letters)),
    line(a.exact && b.exact ? "= " : "≈ ", ...plus(products), ...end),
  );
}

// The totals of many dice, and the normal curve with their mean and variance.
function heap(words) {
  const node = draw("svg", { class: "drawing", role: "img" });
  node.show = (weights, count, width) => {
    const z = totals(chances(weights), count);
    const [mean, variance] = moments(z, count);
    const spreads = variance > 1e-12;
    const top = Math.max(...z);
    const seen = z.map((value, k) => [count + k, value]).filter(([, value]) => value > 1e-4 * top);
    const [low, high] = [seen[0][0], seen.at(-1)[0]];
    const bars = high - low + 1;
    const pitch = Math.min(46, (width - 16) / bars);
    const left = (width - bars * pitch) / 2;
    const across = (n) => left + (n - low + 0.5) * pitch;
    const base = 160;
    const peak = spreads ? bell(mean, mean, variance) : 0;
    const tall = 146 / Math.min(Math.max(top, peak), 1.6 * top);
    const wide = pitch > 6 ? pitch * 0.82 : pitch > 3 ? pitch - 1 : pitch;
    node.replaceChildren();
    node.setAttribute("viewBox", `0 0 ${width} ${base + 24}`);
    node.setAttribute("height", base + 24);
    for (const [n, value] of seen) {
      draw("rect", {
        x: across(n) - wide / 2, width: wide, y: base - tall * value, height: tall * value, fill: "var(--output)",
      }, node);
    }
    draw("line", { x1: left, x2: left + bars * pitch, y1: base, y2: base, stroke: "var(--quiet)" }, node);
    for (const n of ticks(low, bars, pitch)) {
      draw("text", { x: across(n), y: base + 17, "text-anchor": "middle", "font-size": 12, class: "soft" }, node, n);
    }
    if (spreads) {
      const points = Array.from({ length: 301 }, (_, k) => {
        const n = low - 0.5 + (bars * k) / 300;
        return `${across(n)},${base - tall * bell(n, mean, variance)}`;
      });
      draw("polyline", { points: points.join(" "), fill: "none", stroke: "var(--ink)", "stroke-width": 2 }, node);
    }
    const highest = z.indexOf(top);
    node.setAttribute("aria-label", fill(spreads ? words.bell : words.bars, {
      number: count, low, high, top: count + highest, value: number(top, 3),
      mean: number(mean, 2), variance: number(variance, 2),
    }));
  };
  return node;
}

export function dice(figure, config, words) {
  const { limits } = config;
  let [blue, orange, n, count] = [config.p, config.q, config.total, config.number];
  let width = 0;

  const panels = element("div", { class: "row dice" });
  figure.append(element("style", {}, DICE_STYLE), panels);
  const bluePanel = panel(words, {
    name: words.blue, letter: "p", role: "input", weights: blue, limits,
    onChange: (weights) => { blue = weights; update(); },
  });
  panels.append(bluePanel);
  const redraws = [];
  const update = () => { if (width) redraws.forEach((redraw) => redraw()); };
  const fits = [bluePanel];

  if (orange) {
    const orangePanel = panel(words, {
      name: words.orange, letter: "q", role: "kernel", weights: orange, limits,
      onChange: (weights) => { orange = weights; update(); },
    });
    panels.append(orangePanel);
    fits.push(orangePanel);
    const go = (total) => steps.go(total - 2);
    const stage = rows(words, go);
    const chart = piles(words, (place) => steps.go(place));
    const sum = element("p", { class: "sum", "aria-live": "polite" });
    const where = element("span", { class: "where" });
    const pairs = element("span", { class: "quiet" });
    const show = () => {
      if (!width) return;
      stage.show(n);
      chart.show(n);
      writeSum(sum, blue, orange, n);
      where.textContent = fill(words.total, { n });
      const met = meeting(blue.length, orange.length, n).length;
      pairs.textContent = fill(words.pairs, { count: met, all: blue.length * orange.length });
    };
    const showTotal = (place) => { n = place + 2; show(); };
    const steps = player(words, blue.length + orange.length - 1, showTotal, 2);
    steps.classList.add("steps");
    steps.append(element("span", {}, where, pairs));
    steps.follow(n - 2);
    redraws.push(() => {
      // The longest sum keeps its room, so that nothing below jumps.
      sum.style.minHeight = "";
      const most = Math.max(blue.length, orange.length) + 1;
      writeSum(sum, blue, orange, most);
      sum.style.minHeight = `${sum.offsetHeight}px`;
      // No layout between building and showing: what is built stands where it belongs at once.
      stage.build(blue, orange, width);
      chart.build(blue, orange, width);
      if (steps.places !== blue.length + orange.length - 1) {
        steps.places = blue.length + orange.length - 1;
        steps.resize(steps.places);
      }
      show();
    });
    figure.append(stage, steps, sum, chart, element("p", { class: "quiet" }, words.hintPair));
  }

  if (count) {
    const picture = heap(words);
    const said = element("p", { class: "sum", "aria-live": "polite" });
    const set = (to) => {
      count = to;
      dial.move(to);
      more.disabled = to === limits.number;
      show();
    };
    const dial = slider(words.number, { min: 1, max: limits.number, value: count }, (to) => set(to));
    const more = button(words.more, () => set(count + 1), { disabled: count === limits.number });
    const show = () => {
      if (!width) return;
      picture.show(blue, count, width);
      const z = totals(chances(blue), count);
      const [mean, variance] = moments(z, count);
      const gap = 100 * largestGap(z, count);
      const comparison = variance <= 1e-12 ? words.noCurve
        : gap < 1000 ? fill(words.gap, { gap: number(gap, 2) }) : words.far;
      said.textContent = fill(words.moments, { mean: number(mean, 2), variance: number(variance, 2) })
        + " " + comparison;
    };
    redraws.push(show);
    figure.append(element("div", { class: orange ? "many" : "many alone" },
      element("p", { class: "heading" }, words.many),
      element("div", { class: "row" }, dial, more), picture, said,
      element("p", { class: "quiet" }, words.hintBell)));
  }

  new ResizeObserver(() => {
    const style = getComputedStyle(figure);
    const now = figure.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (now <= 0 || Math.abs(now - width) < 1) return;
    width = now;
    for (const each of fits) each.fit(each.clientWidth);
    update();
  }).observe(figure);
}
