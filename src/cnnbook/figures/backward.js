// Backward through a convolution layer, number by number: the gradient for its input, or for its
// weights, each beside what a central difference of the loss E = Σ δ∘z says.
// Pictures are [channel][row][column], filters [filter][channel][row][column], errors
// [filter][row][column]. `wrong` leaves out the turn, or makes one that should not be.
import { choice, player, slider, toggle } from "./controls.js";
import { grid } from "./grid.js";
import { element, fill, number, sumOfProducts } from "./host.js";
import { outputSize, padded, turned } from "./windows.js";

export function cropped(map, rows, columns) {
  return map.slice(0, rows).map((row) => row.slice(0, columns));
}

// Forward, without the biases, which no gradient here depends on: [filter][row][column].
export function layer(x, w, stride) {
  const [tall, wide] = [w[0][0].length, w[0][0][0].length];
  const [rows, columns] = [x[0].length - tall, x[0][0].length - wide];
  return w.map((filter) => {
    const z = [];
    for (let p = 0; p <= rows; p += stride) {
      const line = [];
      for (let q = 0; q <= columns; q += stride) {
        let sum = 0;
        filter.forEach((kernel, c) => kernel.forEach((row, u) => row.forEach((weight, v) => {
          sum += x[c][p + u][q + v] * weight;
        })));
        line.push(sum);
      }
      z.push(line);
    }
    return z;
  });
}

// Row (or column) `at` of the spread and padded error holds this row of the error; -1: zeros.
export function origin(at, kernel, count, stride) {
  const from = at - (kernel - 1);
  return from >= 0 && from % stride === 0 && from / stride < count ? from / stride : -1;
}

// One filter's error with stride − 1 zeros between its entries, and as many zeros around them as
// there must be for the kernel to stop once at every entry of an input of the given size.
export function spread(error, [tall, wide], [rows, columns], stride) {
  return Array.from({ length: rows + tall - 1 }, (_, a) => {
    const i = origin(a, tall, error.length, stride);
    return Array.from({ length: columns + wide - 1 }, (_, b) => {
      const j = origin(b, wide, error[0].length, stride);
      return i < 0 || j < 0 ? 0 : error[i][j];
    });
  });
}

// What the kernel meets at entry (p, q) of channel c of the padded input: errors, not zeros.
export function inputTerms(error, w, c, p, q, { stride, wrong }) {
  const found = [];
  w.forEach((filter, f) => {
    const kernel = wrong ? filter[c] : turned(filter[c]);
    kernel.forEach((row, u) => row.forEach((weight, v) => {
      const i = origin(p + u, kernel.length, error[f].length, stride);
      const j = origin(q + v, row.length, error[f][0].length, stride);
      if (i >= 0 && j >= 0) found.push({ f, i, j, u, v, error: error[f][i][j], weight });
    }));
  });
  return found;
}

// What the error of filter f meets in channel c when it lies at weight (u, v).
export function weightTerms(x, error, f, c, u, v, { stride, wrong }) {
  const found = [];
  (wrong ? turned(error[f]) : error[f]).forEach((row, i) => row.forEach((entry, j) => {
    const [p, q] = [i * stride + u, j * stride + v];
    found.push({ p, q, error: entry, pixel: x[c][p][q] });
  }));
  return found;
}

// For the padded input: [channel][row][column].
export function inputGradient(x, w, error, settings) {
  return x.map((map, c) => map.map((row, p) => row.map((_, q) =>
    inputTerms(error, w, c, p, q, settings).reduce((sum, t) => sum + t.error * t.weight, 0))));
}

// For the weights: [filter][channel][row][column].
export function weightGradient(x, w, error, settings) {
  return w.map((filter, f) => filter.map((kernel, c) => kernel.map((row, u) => row.map((_, v) =>
    weightTerms(x, error, f, c, u, v, settings).reduce((sum, t) => sum + t.error * t.pixel, 0)))));
}

// Central differences of E = Σ δ∘z by every number of `nested`, which is x or w itself. They know
// nothing of the gradient: they run the layer forward. E is a straight line in each of these
// numbers, so a nudge of 1 gives the slope, and rounding does not get in the way.
export function differences(nested, x, w, error, stride) {
  return nested.map((part, k) => {
    if (Array.isArray(part)) return differences(part, x, w, error, stride);
    const at = (value) => { nested[k] = value; return layer(x, w, stride); };
    const [up, down] = [at(part + 1), at(part - 1)];
    nested[k] = part;
    let sum = 0;
    error.forEach((map, f) => map.forEach((row, i) => row.forEach((entry, j) => {
      sum += entry * (up[f][i][j] - down[f][i][j]) / 2;
    })));
    return sum;
  });
}

export function agrees(one, other) {
  return Math.abs(one - other) <= 1e-5 * Math.max(1, Math.abs(one), Math.abs(other));
}

export function backward(figure, config, words) {
  const { ranges } = config;
  const settings = { ...config.settings }; // as `config`, what the reader has changed
  const kernelSize = [config.w[0][0].length, config.w[0][0][0].length];
  const forInput = () => settings.of === "dx";

  let x = []; // the padded input, and what there is of filters and errors at this depth
  let w = [];
  let error = []; // as large as the output
  let values = []; // the gradient as a list of maps, one a channel, or one a filter and channel
  let checks = []; // the central differences, in the same shape
  let cell = [0, ...config.starts[settings.of]]; // the number that is explained: map, row, column
  let source = null; // the error that is pointed at: filter, row, column
  let veiled = false; // whether numbers behind the explained one are yet to come

  const size = settings.channels * settings.filters > 1 ? 1.9 : 2.2;
  const place = (k) => {
    const [rows, columns] = [values[0].length, values[0][0].length];
    return [Math.floor(k / (rows * columns)), Math.floor(k / columns) % rows, k % columns];
  };
  const index = ([m, row, column]) => (m * values[0].length + row) * values[0][0].length + column;
  const point = (next) => {
    [cell, source, veiled] = [next, null, false];
    steps.follow(index(cell));
    draw();
  };

  const inputs = config.x.map((map, c) => grid(words, {
    title: words.input, role: "input", size,
    onEdit: (p, q, value) => {
      const [row, column] = [p - settings.padding, q - settings.padding];
      if (row >= 0 && column >= 0 && row < settings.height && column < settings.width) {
        map[row][column] = value;
      }
      update();
    },
  }));
  const isTurned = () => !forInput() && settings.wrong;
  const entry = (i, j) => (isTurned()
    ? [error[0].length - 1 - i, error[0][0].length - 1 - j] : [i, j]);
  const errors = config.w.map((_, f) => grid(words, {
    title: words.error, role: "error", size,
    onPoint: (i, j) => { source = [f, i, j]; draw(); },
    onLeave: () => { source = null; draw(); },
    onEdit: (i, j, value) => {
      const [row, column] = entry(i, j);
      config.error[f][row][column] = value;
      update();
    },
  }));
  for (const panel of errors) {
    panel.addEventListener("focusout", (event) => {
      if (source && !panel.contains(event.relatedTarget)) { source = null; draw(); }
    });
  }
  const spreads = config.w.map(() => grid(words, { title: words.spread, role: "error", size }));
  const kernels = config.w.map((filter) => grid(words, {
    title: words.kernel, role: "kernel", size,
    onEdit: (u, v, value) => {
      const [row, column] = settings.wrong
        ? [u, v] : [kernelSize[0] - 1 - u, kernelSize[1] - 1 - v];
      filter[cell[0]][row][column] = value;
      update();
    },
  }));
  const gradients = config.w.flatMap(() => config.x).map((_, m) => grid(words, {
    title: words.gradientInput, role: "gradient", size,
    onPoint: (row, column) => point([m, row, column]),
  }));

  const steps = player(words, 1, (k) => { [cell, source, veiled] = [place(k), null, true]; draw(); });
  const sum = element("p", { class: "sum" });
  const check = element("p", { style: "min-height: 2.8em" });
  const stage = element("div", { class: "row", style: "align-items: center" });
  const signed = (sign, ...nodes) => element(
    "div", { style: "display: flex; gap: 0.4rem; align-items: center; min-width: 0" },
    element("span", { "aria-hidden": "true", style: "font-size: 1.3rem" }, sign), ...nodes,
  );
  const sheet = (...nodes) => element("div", { class: "row" }, ...nodes);
  const arrange = () => {
    const { channels, filters } = settings;
    if (forInput()) {
      const lines = errors.slice(0, filters).map((panel, f) => (
        [panel, signed("→", spreads[f]), signed("⋆", kernels[f])]
      ));
      const result = signed("=", sheet(...gradients.slice(0, channels)));
      const line = (nodes) => element("div", { class: "row", style: "align-items: center" }, ...nodes);
      const left = element("div", { style: "min-width: 0" }, ...lines.map(line));
      stage.replaceChildren(...(filters > 1 ? [left, result] : [...lines[0], result]));
    } else {
      stage.replaceChildren(
        sheet(...inputs.slice(0, channels)),
        signed("⋆", sheet(...errors.slice(0, filters))),
        signed("=", sheet(...gradients.slice(0, channels * filters))),
      );
    }
  };

  // Work everything out anew; the explained number stays, if there still is one in its place.
  const update = () => {
    const { height, width, padding, stride, channels, filters } = settings;
    const out = kernelSize.map((k, axis) => outputSize([height, width][axis], k, settings));
    const fits = out[0] > 0 && out[1] > 0;
    stage.hidden = steps.hidden = !fits;
    if (!fits) {
      steps.resize(1);
      sum.textContent = words.tooLarge;
      check.textContent = "";
      return;
    }
    x = config.x.slice(0, channels).map((map) => padded(cropped(map, height, width), padding));
    w = config.w.slice(0, filters).map((filter) => filter.slice(0, channels));
    error = config.error.slice(0, filters).map((map) => cropped(map, ...out));
    const [gradient, nested] = forInput() ? [inputGradient, x] : [weightGradient, w];
    const flat = (maps) => (forInput() ? maps : maps.flat());
    values = flat(gradient(x, w, error, settings));
    checks = flat(differences(nested, x, w, error, stride));
    const [m, row, column] = cell;
    const next = [
      Math.min(m, values.length - 1),
      Math.min(row, values[0].length - 1),
      Math.min(column, values[0][0].length - 1),
    ];
    cell = next;
    steps.resize(values.length * values[0].length * values[0][0].length);
    steps.go(index(next));
    [source, veiled] = [null, false];
    draw();
  };

  const named = (word, numbers, count) => (count > 1 ? fill(numbers.text, { word, ...numbers }) : word);
  const ofFilter = (word, f) => named(word, { text: words.ofFilter, f }, w.length);
  const ofChannel = (word, c) => named(word, { text: words.ofChannel, c }, x.length);
  const ofBoth = (word, c, f) => ofChannel(ofFilter(word, f), c);
  const onPadding = (p, q) => {
    const { padding, height, width } = settings;
    return p < padding || q < padding || p >= padding + height || q >= padding + width;
  };
  const within = (value, start, length) => value >= start && value < start + length;

  const drawInput = () => {
    const [c, p, q] = cell;
    const { stride, wrong } = settings;
    const used = inputTerms(error, w, c, p, q, settings);
    const inputSize = [x[0].length, x[0][0].length];
    w.forEach((filter, f) => {
      const kernel = wrong ? filter[c] : turned(filter[c]);
      errors[f].show(error[f], { title: ofFilter(words.error, f), marks: (i, j) => ({
        classes: source ? [] : used.some((t) => t.f === f && t.i === i && t.j === j)
          ? ["dashed"] : [],
      }) });
      spreads[f].show(spread(error[f], kernelSize, inputSize, stride), {
        title: ofFilter(words.spread, f),
        marks: (a, b) => {
          const i = origin(a, kernelSize[0], error[f].length, stride);
          const j = origin(b, kernelSize[1], error[f][0].length, stride);
          const own = i >= 0 && j >= 0;
          const window = within(a, p, kernelSize[0]) && within(b, q, kernelSize[1]);
          const framed = source ? String(source) === String([f, i, j]) : window;
          return {
            classes: [!own && "ring", framed && "framed"].filter(Boolean),
            small: !source && window && own ? `·${number(kernel[a - p][b - q])}` : undefined,
          };
        },
      });
      kernels[f].show(kernel, {
        title: ofBoth(wrong ? words.kernel : words.kernelTurned, c, f),
        marks: (u, v) => ({
          classes: !source && used.some((t) => t.f === f && t.u === u && t.v === v)
            ? ["dashed"] : [],
        }),
      });
    });
    const stamp = source && [source[1] * stride, source[2] * stride];
    values.forEach((map, m) => showGradient(m, ofChannel(
      settings.padding ? words.gradientPadded : words.gradientInput, m,
    ), (row, column) => [
      onPadding(row, column) && "ring",
      stamp && within(row, stamp[0], kernelSize[0]) && within(column, stamp[1], kernelSize[1])
        && "dashed",
    ]));
    return used.map((t) => ({ f: t.f, pair: [t.error, t.weight] }));
  };

  const drawWeights = () => {
    const [m, u, v] = cell;
    const [f, c] = [Math.floor(m / x.length), m % x.length];
    const { stride, wrong } = settings;
    const used = weightTerms(x, error, f, c, u, v, settings);
    const met = new Map(used.map((t) => [`${t.p},${t.q}`, t]));
    const reach = [(error[f].length - 1) * stride + 1, (error[f][0].length - 1) * stride + 1];
    const corner = source && [source[1] * stride, source[2] * stride];
    inputs.slice(0, x.length).forEach((panel, channel) => panel.show(x[channel], {
      title: ofChannel(settings.padding ? words.inputPadded : words.input, channel),
      marks: (p, q) => {
        const term = channel === c && !corner ? met.get(`${p},${q}`) : undefined;
        const between = channel === c && !corner && !term
          && within(p, u, reach[0]) && within(q, v, reach[1]);
        const inWindow = corner && within(p, corner[0], kernelSize[0])
          && within(q, corner[1], kernelSize[1]);
        return {
          classes: [
            onPadding(p, q) && "ring", term && "framed", (between || inWindow) && "dashed",
          ].filter(Boolean),
          small: term ? `·${number(term.error)}` : between ? "·0" : undefined,
        };
      },
    }));
    errors.slice(0, w.length).forEach((panel, k) => panel.show(wrong ? turned(error[k]) : error[k], {
      title: ofFilter(wrong ? words.errorTurned : words.error, k),
      marks: (i, j) => ({
        classes: (source ? String(source) === String([k, i, j]) : k === f) ? ["framed"] : [],
      }),
    }));
    values.forEach((_, k) => showGradient(k, ofBoth(
      words.gradientWeights, k % x.length, Math.floor(k / x.length),
    ), () => []));
    return used.filter((t) => !onPadding(t.p, t.q)).map((t) => ({ f, pair: [t.error, t.pixel] }));
  };

  const showGradient = (m, title, classes) => {
    gradients[m].show(values[m], { title, marks: (row, column) => {
      const here = String(cell) === String([m, row, column]);
      const right = agrees(values[m][row][column], checks[m][row][column]);
      return {
        classes: [...classes(row, column), here && !source && "framed"].filter(Boolean),
        small: right ? undefined : `≠${number(checks[m][row][column])}`,
        veiled: veiled && index([m, row, column]) > index(cell),
      };
    } });
    if (m === cell[0]) { // the key Tab leads to the number that is explained, and changes nothing
      gradients[m].querySelectorAll("[role=gridcell]").forEach((node, k) => {
        node.tabIndex = k === index([0, ...cell.slice(1)]) ? 0 : -1;
      });
    }
  };

  const draw = () => {
    const terms = forInput() ? drawInput() : drawWeights();
    const [m, row, column] = cell;
    const [value, approximate] = [values[m][row][column], checks[m][row][column]];
    const [f, c] = forInput() ? [0, m] : [Math.floor(m / x.length), m % x.length];
    const at = [row, column];
    if (x.length > 1 || (w.length > 1 && !forInput())) at.push(c);
    if (w.length > 1 && !forInput()) at.push(f);
    const name = fill(
      !forInput() ? words.weight : settings.padding ? words.entry : words.pixel,
      { at: at.join(", ") },
    );
    if (source) {
      const text = forInput() ? words.goes : words.meets;
      const [i, j] = entry(source[1], source[2]);
      const count = kernelSize[0] * kernelSize[1];
      sum.textContent = fill(text, { i, j, count, value: number(error[source[0]][i][j]) });
    } else if (!terms.length) {
      sum.textContent = fill(forInput() ? words.unreached : words.onlyPadding, { name });
    } else {
      const groups = w.map((_, k) => terms.filter((t) => t.f === k).map((t) => t.pair))
        .filter((pairs) => pairs.length);
      const brackets = groups.length > 1 && groups[0].length > 1; // one sum for each filter
      const parts = brackets
        ? groups.map((pairs) => `(${sumOfProducts(pairs)})`).join(" + ")
        : sumOfProducts(groups.flat());
      const note = forInput() && onPadding(row, column) ? ` ${words.cropped}` : "";
      sum.textContent = fill(words.sum, { name, parts, value: number(value) }) + note;
    }
    const all = values.flatMap((map, k) => map.flatMap((line, a) =>
      line.map((each, b) => agrees(each, checks[k][a][b]))));
    const wrong = all.filter((right) => !right).length;
    const apart = number(Math.abs(value - approximate));
    check.textContent = source ? "" : [
      fill(words.check, { approximate: number(approximate) }),
      agrees(value, approximate)
        ? words.agrees : fill(value > approximate ? words.more : words.less, { apart }),
      fill(wrong ? words.tally : words.allAgree, { wrong, count: all.length }),
    ].join(" ");
  };

  const turn = element("span", {});
  const showTurn = () => {
    const text = forInput() ? words.leaveKernel : words.turnError;
    turn.replaceChildren(toggle(text, settings.wrong, (on) => { settings.wrong = on; update(); }));
  };
  const controls = element("div", { class: "row" }, choice(
    words.of, [["dx", words.ofInput], ["dw", words.ofWeights]], settings.of, (of) => {
      settings.of = of;
      cell = [0, ...config.starts[of]];
      arrange();
      showTurn();
      update();
    },
  ), turn);
  const sliders = element("div", {
    style: "display: grid; gap: 0.5rem 0.75rem; flex: 1 1 100%;"
      + "grid-template-columns: repeat(auto-fill, minmax(5.2rem, 1fr))",
  });
  for (const name of ["stride", "padding", "height", "width", "channels", "filters"]) {
    const [min, max] = ranges[name];
    const one = slider(words[name], { min, max, value: settings[name] }, (value) => {
      settings[name] = value;
      arrange();
      update();
    });
    one.style.flexDirection = "column";
    one.style.alignItems = "start";
    one.style.gap = "0";
    one.querySelector("input").style.cssText = "min-width: 0; width: 100%";
    sliders.append(one);
  }
  controls.append(sliders);

  figure.append(
    controls,
    stage,
    element("div", { "aria-live": "polite", style: "margin: 0.75rem 0" }, sum, check),
    steps,
    element("p", { class: "quiet" }, words.hint),
  );
  arrange();
  showTurn();
  update();
}
