// A convolution layer, window by window: any stride, padding, dilation, depth, the kernel turned
// or not. Pictures are [channel][row][column], filters [filter][channel][row][column].
import { choice, player, slider, toggle } from "./controls.js";
import { grid } from "./grid.js";
import { element, fill, number, sumOfProducts } from "./host.js";
import { outputSize, padded, turned } from "./windows.js";

// The terms of output (i, j) of one filter: where each product's pixel and weight stand.
export function terms(x, filter, i, j, { stride, padding, dilation, flip }) {
  const found = [];
  filter.forEach((kernel, c) => {
    const map = padded(x[c], padding);
    const weights = flip ? turned(kernel) : kernel;
    weights.forEach((row, u) => row.forEach((weight, v) => {
      const [p, q] = [i * stride + u * dilation, j * stride + v * dilation];
      found.push({ c, u, v, p, q, pixel: map[p][q], weight });
    }));
  });
  return found;
}

// All outputs: [filter][row][column].
export function layer(x, w, b, settings) {
  return w.map((filter, f) => {
    const rows = outputSize(x[0].length, filter[0].length, settings);
    const columns = outputSize(x[0][0].length, filter[0][0].length, settings);
    return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) =>
      terms(x, filter, i, j, settings).reduce((sum, t) => sum + t.pixel * t.weight, b[f])));
  });
}

// The outputs (i, j) whose windows hold entry (p, q) of the padded input.
export function reached(p, q, rows, columns, [tall, wide], { stride, dilation }) {
  const along = (at, count, kernel) => Array.from({ length: count }, (_, i) => i).filter((i) => {
    const offset = at - i * stride;
    return offset >= 0 && offset % dilation === 0 && offset / dilation < kernel;
  });
  return along(p, rows, tall).flatMap((i) => along(q, columns, wide).map((j) => [i, j]));
}

export function convolution(figure, config, words) {
  const { x, w, b } = config;
  const settings = { ...config.settings };
  const cellSize = x.length > 1 ? 1.75 : 2.2;
  const kernelSize = [w[0][0].length, w[0][0][0].length];
  let filter = 0;
  let place = 0;
  let look = null; // [i, j] of the output that is explained
  let pixel = null; // [p, q] of the input that is pointed at

  const many = (word, k, count) => (count > 1 ? fill(words.numbered, { word, k }) : word);
  const inputs = x.map((_, c) => grid(words, {
    title: many(words.input, c, x.length), role: "input", size: cellSize,
    onPoint: (p, q) => { pixel = [p, q]; draw(); },
    onLeave: () => { pixel = null; draw(); },
    onEdit: (p, q, value) => {
      const [row, column] = [p - settings.padding, q - settings.padding];
      if (x[c][row]?.[column] !== undefined) x[c][row][column] = value;
      update();
    },
  }));
  const kernels = x.map((_, c) => grid(words, {
    title: words.kernel, role: "kernel", size: cellSize,
    onEdit: (u, v, value) => {
      const [row, column] = settings.flip
        ? [kernelSize[0] - 1 - u, kernelSize[1] - 1 - v] : [u, v];
      w[filter][c][row][column] = value;
      update();
    },
  }));
  const outputs = w.map((_, f) => grid(words, {
    title: many(words.output, f, w.length), role: "output", size: cellSize,
    onPoint: (i, j) => { filter = f; look = [i, j]; draw(); },
    onLeave: () => { look = null; draw(); },
  }));
  const sum = element("p", { class: "sum", "aria-live": "polite" });
  const steps = player(words, 1, (k) => { place = k; look = null; draw(); });

  const controls = element("div", { class: "row" });
  for (const name of ["stride", "padding", "dilation"]) {
    const [min, max] = config.ranges[name];
    if (max > min) {
      controls.append(slider(words[name], { min, max, value: settings[name] }, (value) => {
        settings[name] = value;
        update();
      }));
    }
  }
  controls.append(toggle(words.flip, settings.flip, (on) => { settings.flip = on; update(); }));
  if (w.length > 1) {
    const options = w.map((_, f) => [String(f), String(f)]);
    controls.append(choice(words.filter, options, "0", (value) => { filter = Number(value); draw(); }));
  }

  let z = [];
  let size = [0, 0];
  const update = () => {
    z = layer(x, w, b, settings);
    size = [z[0].length, z[0][0]?.length ?? 0];
    const count = Math.max(1, size[0] * size[1]);
    steps.resize(count);
    steps.go(count - 1);
  };

  const draw = () => {
    const fits = size[0] > 0 && size[1] > 0;
    const [i, j] = look ?? [Math.floor(place / (size[1] || 1)), place % (size[1] || 1)];
    const { padding, flip } = settings;
    const used = fits ? terms(x, w[filter], i, j, settings) : [];
    const inWindow = new Set(used.map((t) => `${t.c},${t.p},${t.q}`));
    inputs.forEach((panel, c) => {
      const map = padded(x[c], padding);
      const ring = (p, q) => p < padding || q < padding
        || p >= map.length - padding || q >= map[0].length - padding;
      panel.show(map, { marks: (p, q) => {
        const term = used.find((t) => t.c === c && t.p === p && t.q === q);
        return {
          classes: [ring(p, q) && "ring", inWindow.has(`${c},${p},${q}`) && "framed"].filter(Boolean),
          small: term && `·${number(term.weight)}`,
        };
      } });
    });
    kernels.forEach((panel, c) => {
      const word = flip ? words.kernelTurned : words.kernel;
      panel.show(flip ? turned(w[filter][c]) : w[filter][c], { title: many(word, c, x.length) });
    });
    const marked = pixel && fits
      ? new Set(reached(...pixel, ...size, kernelSize, settings).map(String)) : new Set();
    outputs.forEach((panel, f) => {
      panel.hidden = !fits;
      if (!fits) return;
      panel.show(z[f], { marks: (row, column) => ({
        classes: [
          f === filter && row === i && column === j && "framed",
          marked.has(String([row, column])) && "dashed",
        ].filter(Boolean),
        veiled: look === null && row * size[1] + column > place,
      }) });
    });
    const reach = kernelSize.map((k) => (k - 1) * settings.dilation + 1);
    if (!fits) {
      sum.textContent = fill(words.tooLarge, { reach: Math.max(...reach) });
    } else if (pixel) {
      sum.textContent = fill(words.reaches, { p: pixel[0], q: pixel[1], count: marked.size });
    } else {
      const parts = sumOfProducts(used.map((t) => [t.pixel, t.weight]));
      const bias = b[filter] ? ` + ${words.bias} ${number(b[filter])}` : "";
      sum.textContent = fill(words.sum, { i, j, parts: parts + bias, value: number(z[filter][i][j]) });
    }
  };

  figure.append(
    controls,
    element("div", { class: "row" }, ...inputs, ...kernels, ...outputs),
    sum,
    steps,
    element("p", { class: "quiet" }, words.hint),
  );
  update();
}
