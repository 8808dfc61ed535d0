// A pool, window by window: max or mean, forward and backward. Maps are [row][column]; a window's
// pixels are those of the map, in reading order, and never its padding.
import { button, choice, player, slider } from "./controls.js";
import { grid } from "./grid.js";
import { element, fill, number } from "./host.js";

// Windows along one axis, and the places of padding before and after.
export function windowsAlong(length, { size, stride, padding }) {
  if (padding === "valid") {
    return { count: Math.floor((length - size) / stride) + 1, before: 0, after: 0 };
  }
  const count = Math.ceil(length / stride);
  const total = Math.max((count - 1) * stride + size - length, 0);
  return { count, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

export function laidOut(x, settings) {
  const [down, across] = [x.length, x[0].length].map((length) => windowsAlong(length, settings));
  const windows = [];
  for (let i = 0; i < down.count; i++) {
    for (let j = 0; j < across.count; j++) windows.push([i, j]);
  }
  return { down, across, windows };
}

// The pixels of window (i, j).
export function pixelsOf(x, i, j, settings) {
  const { size, stride } = settings;
  const [top, left] = [i * stride - windowsAlong(x.length, settings).before,
    j * stride - windowsAlong(x[0].length, settings).before];
  const found = [];
  for (let p = Math.max(top, 0); p < Math.min(top + size, x.length); p++) {
    for (let q = Math.max(left, 0); q < Math.min(left + size, x[0].length); q++) found.push([p, q]);
  }
  return found;
}

// The largest of these pixels, more than one in a tie. The first of them is the winner.
export function largestOf(x, pixels) {
  const most = Math.max(...pixels.map(([p, q]) => x[p][q]));
  return pixels.filter(([p, q]) => x[p][q] === most);
}

export function pooled(x, kind, settings) {
  const { down, across } = laidOut(x, settings);
  return Array.from({ length: down.count }, (_, i) =>
    Array.from({ length: across.count }, (_, j) => {
      const values = pixelsOf(x, i, j, settings).map(([p, q]) => x[p][q]);
      if (kind === "max") return Math.max(...values);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    }));
}

// What window (i, j) hands back: to its winner all, or to each of its pixels an equal part.
export function handedBack(x, i, j, error, kind, settings) {
  const pixels = pixelsOf(x, i, j, settings);
  const paid = kind === "max" ? largestOf(x, pixels).slice(0, 1) : pixels;
  return paid.map(([p, q]) => ({ p, q, i, j, error, parts: paid.length }));
}

// For every pixel, what the first `count` windows in reading order hand back to it.
export function payments(x, errors, kind, settings, count = Infinity) {
  const paid = x.map((row) => row.map(() => []));
  for (const [i, j] of laidOut(x, settings).windows.slice(0, count)) {
    for (const part of handedBack(x, i, j, errors[i][j], kind, settings)) {
      paid[part.p][part.q].push(part);
    }
  }
  return paid;
}

export function gradient(x, errors, kind, settings, count = Infinity) {
  return payments(x, errors, kind, settings, count).map((row) =>
    row.map((parts) => parts.reduce((sum, { error, parts: among }) => sum + error / among, 0)));
}

// The windows that hold pixel (p, q): its row is in their rows, its column in their columns.
export function holding(x, p, q, settings) {
  const { size, stride } = settings;
  const { down, across, windows } = laidOut(x, settings);
  const reach = (at, k, { before }) => at + before >= k * stride && at + before < k * stride + size;
  return windows.filter(([i, j]) => reach(p, i, down) && reach(q, j, across));
}

const POOL_STYLE = `
.level { align-items: center; }
.either { display: inline-flex; }
.either button + button { margin-left: -1px; }
.either button:first-child { border-radius: 6px 0 0 6px; }
.either button:last-child { border-radius: 0 6px 6px 0; }
.cell.ring.veiled {
  background: repeating-linear-gradient(45deg, var(--sunk) 0 3px, var(--line) 3px 4px);
}
.cell.missed { text-decoration: line-through; }
.cell.tied { outline: 2px dashed var(--ink); outline-offset: -4px; }
.cell.long { font-size: calc(var(--cell) * 0.35); }
.cell.longer { font-size: calc(var(--cell) * 0.24); }
.cell.longest { font-size: calc(var(--cell) * 0.18); }
.cell.paid { align-items: flex-start; padding-top: 2px; box-sizing: border-box; }
.cell.paid .small {
  right: 4px; bottom: 2px; font-size: calc(var(--cell) * 0.25); font-weight: 600; opacity: 1;
}
.cell.paid:is(.longer, .longest) .small { font-size: calc(var(--cell) * 0.18); }
.cell.pointed::after {
  content: ""; position: absolute; inset: 1px; border: 3px solid var(--highlight); z-index: 1;
  pointer-events: none;
}
.cell.inside::after {
  content: ""; position: absolute; inset: -2px; border: 0 solid var(--kernel); z-index: 1;
  pointer-events: none;
}
.cell.up::after { border-top-width: 3px; }
.cell.down::after { border-bottom-width: 3px; }
.cell.left::after { border-left-width: 3px; }
.cell.right::after { border-right-width: 3px; }
.sums {
  list-style: none; margin: 0.5rem 0 0; padding: 0; font-variant-numeric: tabular-nums;
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr));
  gap: 0.1rem 1.5rem; overflow-wrap: anywhere;
}
.sums:empty { display: none; }
`;
const LISTED = 6; // sums written out at once

export function pooling(figure, config, words) {
  const { x } = config;
  const errors = config.errors.map((row) => [...row]);
  const state = { ...config.settings };
  let place = 0;
  let look = null; // [i, j] of the output that is pointed at
  let pixel = null; // [p, q] of the pixel that is pointed at
  let map; // how the windows lie

  const error = (i, j) => errors[i]?.[j] ?? 1;
  const setError = (i, j, value) => { (errors[i] ??= [])[j] = value; draw(); };
  const pointAt = (p, q) => { [pixel, look] = [[p, q], null]; draw(); };
  const explain = (i, j) => { [pixel, look] = [null, [i, j]]; draw(); };
  const leave = () => { pixel = look = null; draw(); };

  const size = 2.4; // rem: a map of four and its outputs of two stand side by side on a phone
  const bounds = { least: -99, most: 99, size };
  const input = grid({ ...words, notYet: words.padded }, {
    title: words.input, role: "input", ...bounds, onLeave: leave,
    onPoint: (p, q) => pointAt(p - map.down.before, q - map.across.before),
    onEdit: (p, q, value) => {
      x[p - map.down.before][q - map.across.before] = value;
      draw();
    },
  });
  // Padding is no number: it can be pointed at and not be changed.
  for (const event of ["click", "keydown"]) {
    input.addEventListener(event, (happened) => {
      const padding = happened.target.closest(".ring");
      if (!padding || happened.key?.startsWith("Arrow")) return;
      happened.stopPropagation();
      padding.focus();
    }, true);
  }
  const output = grid(words, {
    title: words.output, role: "output", size, onPoint: explain, onLeave: leave,
  });
  const given = grid(words, {
    title: words.error, role: "error", ...bounds, onPoint: explain, onLeave: leave,
    onEdit: setError,
  });
  const slopes = grid(words, {
    title: words.gradient, role: "gradient", size, onPoint: pointAt, onLeave: leave,
  });
  const says = element("p", { class: "sum", "aria-live": "polite" });
  const sums = element("ul", { class: "sums" });
  const steps = player(words, 1, (k) => { place = k; pixel = look = null; draw(); });

  steps.classList.add("level");

  const update = () => {
    map = laidOut(x, state);
    steps.resize(map.windows.length);
    steps.go(map.windows.length - 1);
  };
  const either = (label, options, name, change) => {
    const buttons = options.map(([value, text]) => button(text, () => {
      state[name] = value;
      buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === pressed(value))));
      change();
    }, { "aria-pressed": String(state[name] === value) }));
    const pressed = (value) => buttons[options.findIndex(([each]) => each === value)];
    return element("div", { class: "either", role: "group", "aria-label": label }, ...buttons);
  };
  const scale = (text, name) => {
    const [min, max] = config.ranges[name];
    return max > min && slider(text, { min, max, value: state[name] }, (value) => {
      state[name] = value;
      update();
    });
  };

  // Text: numbers, places, sums.
  const pair = ([p, q]) => `(${p}, ${q})`;
  const equals = (value) => {
    const exact = Math.abs(Number(value.toFixed(2)) - value) < 1e-9;
    return `${exact ? "=" : "≈"} ${number(value)}`;
  };
  const signed = (values, among = []) => values.map((value, k) => {
    const sign = k === 0 ? (value < 0 ? "−" : "") : value < 0 ? " − " : " + ";
    return sign + number(Math.abs(value)) + (among[k] > 1 ? `/${among[k]}` : "");
  }).join("");
  const sumOf = (p, q, parts) => {
    const total = parts.reduce((sum, part) => sum + part.error / part.parts, 0);
    const written = signed(parts.map((part) => part.error), parts.map((part) => part.parts));
    const single = parts.length === 1 && parts[0].parts === 1;
    return `dx[${p}, ${q}] ${parts.length === 0 || single ? "" : `= ${written} `}${equals(total)}`;
  };
  const widthOf = (matrix) => { // one size of type for all cells, so that the longest fits
    const signs = Math.max(...matrix.flat().map((value) => number(value).length));
    return signs > 6 ? "longest" : signs > 4 ? "longer" : signs > 3 && "long";
  };

  // The words under the grids.
  const onWindow = (i, j, pixels, largest) => {
    const values = pixels.map(([p, q]) => x[p][q]);
    const value = pooled(x, state.kind, state)[i][j];
    const count = pixels.length;
    const [p, q] = largest[0];
    const said = [];
    if (state.backward) {
      const names = { i, j, p, q, error: number(error(i, j)), count };
      said.push(state.kind === "max" ? fill(words.routes, names)
        : fill(words.shares, { ...names, share: equals(error(i, j) / count) }));
    } else if (state.kind === "max") {
      const written = values.map((each) => number(each)).join(", ");
      said.push(fill(words.maximum, { i, j, p, q, values: written, value: number(value) }));
    } else {
      const total = values.reduce((sum, each) => sum + each, 0);
      const written = count > 1 ? `(${signed(values)}) / ${count} = ${number(total)} / ${count}`
        : `${number(total)} / 1`;
      said.push(fill(words.mean, { i, j, values: written, value: equals(value) }));
    }
    if (state.kind === "max" && largest.length > 1) {
      const tied = largest.map(pair).join(", ");
      said.push(fill(state.backward ? words.tiedBack : words.tied, { tied, p, q }));
    }
    const all = state.size ** 2;
    if (count < all) said.push(fill(words.leftOut, { count: all - count, all }));
    return said.join(" ");
  };
  const onPixel = (p, q, parts, upto) => {
    if (x[p]?.[q] === undefined) return words.noPixel;
    const holders = holding(x, p, q, state);
    const windows = holders.map(pair).join(", ");
    const names = { p, q, windows, count: holders.length };
    const said = [fill([words.inNone, words.inOne][holders.length] ?? words.inMany, names)];
    if (state.kind === "max" && holders.length) {
      const won = holders.filter(([i, j]) =>
        String(largestOf(x, pixelsOf(x, i, j, state))[0]) === String([p, q]));
      said.push(won.length ? fill(words.wins, { windows: won.map(pair).join(", ") }) : words.loses);
    }
    if (state.backward) {
      const sum = sumOf(p, q, parts);
      said.push(upto < map.windows.length - 1 ? fill(words.soFar, { sum }) : `${sum}.`);
    }
    return said.join(" ");
  };
  const written = (paid, current) => {
    const several = paid.flatMap((row, p) => row.map((parts, q) => [p, q, parts]))
      .filter(([, , parts]) => parts.length > 1);
    const isCurrent = ([, , parts]) => parts.some(({ i, j }) => String([i, j]) === current);
    const first = several.length > LISTED ? several.filter(isCurrent) : several;
    const shown = first.slice(0, LISTED);
    const items = shown.map(([p, q, parts]) => element("li", {}, sumOf(p, q, parts)));
    const rest = several.length - shown.length;
    if (rest) items.push(element("li", { class: "quiet" }, fill(words.more, { count: rest })));
    return items;
  };

  // A frame around a window, with the classes of each of its cells.
  const frame = (p, q, pixels) => {
    if (pixel) return [];
    const inside = (row, column) => pixels.has(String([row, column]));
    if (!inside(p, q)) return [];
    const sides = { up: [p - 1, q], down: [p + 1, q], left: [p, q - 1], right: [p, q + 1] };
    return ["inside", ...Object.keys(sides).filter((side) => !inside(...sides[side]))];
  };

  const draw = () => {
    const { kind, backward, stride } = state;
    const { down, across, windows } = map;
    const [i, j] = look ?? windows[place];
    const upto = Math.max(place, i * across.count + j);
    const pixels = pixelsOf(x, i, j, state);
    const largest = largestOf(x, pixels);
    const best = kind === "max" && !pixel ? largest.map(String) : [];
    const pointed = (p, q) => String([p, q]) === String(pixel) && "pointed";
    const all = new Set();
    for (let u = 0; u < state.size; u++) {
      for (let v = 0; v < state.size; v++) all.add(String([i * stride + u, j * stride + v]));
    }
    const missed = (p, q) => holding(x, p, q, state).length === 0;
    const at = (p, q) => x[p - down.before]?.[q - across.before];
    const held = pixel && x[pixel[0]]?.[pixel[1]] !== undefined
      ? holding(x, ...pixel, state).map(String) : [];
    const rows = down.before + x.length + down.after;
    const columns = across.before + x[0].length + across.after;
    const around = Array.from({ length: rows }, (_, p) =>
      Array.from({ length: columns }, (_, q) => at(p, q) ?? NaN));
    const wide = widthOf(x);
    input.show(around, { marks: (row, column) => {
      const [p, q] = [row - down.before, column - across.before];
      const ring = at(row, column) === undefined;
      const rank = best.indexOf(String([p, q]));
      return { veiled: ring, classes: [
        ...frame(row, column, all), ring && "ring", rank === 0 && "chosen", rank > 0 && "tied",
        !ring && missed(p, q) && "missed", pointed(p, q), wide,
      ].filter(Boolean) };
    } });
    // The grid counts from the padding, the book from the map.
    if (rows > x.length || columns > x[0].length) {
      [...input.querySelectorAll(".cell")].forEach((cell, k) => {
        const [p, q] = [Math.floor(k / columns), k % columns];
        const value = at(p, q) === undefined ? words.padded : number(at(p, q));
        const names = { i: number(p - down.before), j: number(q - across.before), value };
        cell.setAttribute("aria-label", fill(words.cell, names));
        if (at(p, q) === undefined) cell.classList.remove("editable");
      });
    }

    const marks = (type) => (row, column) => ({
      classes: [
        !pixel && row === i && column === j && "framed",
        held.includes(String([row, column])) && "dashed",
        type,
      ].filter(Boolean),
      veiled: !backward && row * across.count + column > upto,
    });
    const z = pooled(x, kind, state);
    const delta = z.map((row, k) => row.map((_, l) => error(k, l)));
    output.hidden = backward;
    given.hidden = slopes.hidden = !backward;
    if (!backward) output.show(z, { marks: marks(widthOf(z)) });
    else given.show(delta, { marks: marks(widthOf(delta)) });

    const paid = payments(x, delta, kind, state, upto + 1);
    if (backward) {
      const dx = gradient(x, delta, kind, state, upto + 1);
      const inWindow = new Set(pixels.map(String));
      const whole = gradient(x, delta, kind, state);
      const type = widthOf([...dx, ...whole]);
      slopes.show(dx, {
        largest: Math.max(1e-9, ...whole.flat().map(Math.abs)),
        marks: (p, q) => {
          const now = !pixel && paid[p][q].find((part) => part.i === i && part.j === j);
          const share = now && now.error / now.parts;
          return {
            classes: [...frame(p, q, inWindow), best[0] === String([p, q]) && "chosen",
              now && "paid", missed(p, q) && "missed", pointed(p, q), type].filter(Boolean),
            // A space, for the ear.
            small: now ? ` ${share < 0 ? "" : "+"}${number(share)}` : undefined,
          };
        },
      });
    }
    says.textContent = pixel ? onPixel(...pixel, paid[pixel[0]]?.[pixel[1]] ?? [], upto)
      : onWindow(i, j, pixels, largest);
    sums.replaceChildren(...(backward ? written(paid, String([i, j])) : []));
  };

  const kinds = [["max", words.max], ["mean", words.average]];
  const directions = [[false, words.forward], [true, words.backward]];
  const paddings = [["valid", words.valid], ["same", words.same]];
  figure.append(
    element("style", {}, POOL_STYLE),
    element("div", { class: "row level" }, ...[
      either(words.kind, kinds, "kind", () => draw()),
      either(words.direction, directions, "backward", leave),
      scale(words.size, "size"),
      scale(words.stride, "stride"),
      choice(words.padding, paddings, state.padding, (value) => {
        state.padding = value;
        update();
      }),
    ].filter(Boolean)),
    element("div", { class: "row" }, input, output, given, slopes),
    steps,
    says,
    sums,
    element("p", { class: "quiet" }, words.hint),
  );
  update();
}
