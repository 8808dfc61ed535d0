// A drawing brought to MNIST's convention, step by step as cnnbook.predict.convention does it for
// a picture whose paper is 0. A picture is { values, height, width }; a box is
// [left, top, right, bottom].

const [FIELD, BOX, CENTRE] = [28, 20, 14];
const [FAINTEST, SATURATED, FINE, STROKE] = [0.05, 0.95, 8, 1.5];

function pictureOf(height, width) {
  return { values: new Float32Array(height * width), height, width };
}

// Paint a round stroke from one place to another, or rub it out; places are [x, y] in pixels.
export function stroke(picture, from, to, radius, rub = false) {
  const { values, height, width } = picture;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const reach = radius + 1;
  const low = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const high = (a, b, end) => Math.min(end, Math.ceil(Math.max(a, b) + reach));
  for (let y = low(from[1], to[1]); y < high(from[1], to[1], height); y++) {
    for (let x = low(from[0], to[0]); x < high(from[0], to[0], width); x++) {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
      const along = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
      const away = Math.hypot(px - along * dx, py - along * dy);
      const ink = Math.max(0, Math.min(1, radius + 0.5 - away));
      const k = y * width + x;
      values[k] = rub ? Math.min(values[k], 1 - ink) : Math.max(values[k], ink);
    }
  }
}

// The value below which a share of the values lies, between neighbours in proportion.
export function quantileOf(values, share) {
  const sorted = Float32Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function largestOf(values) {
  return values.reduce((largest, value) => Math.max(largest, value), 0);
}

// The largest value within a disc around each pixel.
export function grown(picture, radius) {
  const { values, height, width } = picture;
  const out = { values: values.slice(), height, width };
  for (let down = -radius; down <= radius; down++) {
    for (let right = -radius; right <= radius; right++) {
      if (down * down + right * right > radius * radius) continue;
      for (let i = Math.max(0, -down); i < Math.min(height, height - down); i++) {
        for (let j = Math.max(0, -right); j < Math.min(width, width - right); j++) {
          const value = values[(i + down) * width + j + right];
          if (value > out.values[i * width + j]) out.values[i * width + j] = value;
        }
      }
    }
  }
  return out;
}

// The pieces of a mask that touch, corners included: labels from 1, and whether each reaches the
// edge, its ink and its strongest pixel.
function piecesOf(mask, { values, height, width }) {
  const labels = new Uint16Array(mask.length);
  const pieces = [{ mass: 0, peak: 0, outer: false }];
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || labels[start]) continue;
    const piece = { mass: 0, peak: 0, outer: false };
    const open = [start];
    labels[start] = pieces.length;
    while (open.length) {
      const at = open.pop();
      const [i, j] = [Math.floor(at / width), at % width];
      piece.mass += values[at];
      piece.peak = Math.max(piece.peak, values[at]);
      if (i === 0 || j === 0 || i === height - 1 || j === width - 1) piece.outer = true;
      for (let p = Math.max(0, i - 1); p <= Math.min(height - 1, i + 1); p++) {
        for (let q = Math.max(0, j - 1); q <= Math.min(width - 1, j + 1); q++) {
          const next = p * width + q;
          if (!mask[next] || labels[next]) continue;
          labels[next] = pieces.length;
          open.push(next);
        }
      }
    }
    pieces.push(piece);
  }
  return { labels, pieces };
}

// The ink of the digit alone and its box; null where nothing is drawn.
export function found(picture) {
  const { values, height, width } = picture;
  const least = Math.max(FAINTEST, 0.5 * largestOf(values));
  const strong = values.filter((value) => value > least);
  if (!strong.length) return null;
  const full = quantileOf(strong, 0.95);
  const mask = values.map((value) => (value > Math.max(FAINTEST, 0.18 * full) ? 1 : 0));
  const { labels, pieces } = piecesOf(mask, picture);
  for (const piece of pieces) if (piece.peak < 0.5 * full) piece.mass = 0;
  const all = Math.max(...pieces.map((piece) => piece.mass));
  const inner = Math.max(...pieces.map((piece) => (piece.outer ? 0 : piece.mass)));
  const insideOnly = inner > 0.05 * all;
  const heaviest = insideOnly ? inner : all;
  const kept = pieces.map((piece) =>
    (!insideOnly || !piece.outer) && piece.mass > 0.02 * heaviest);
  const digit = pictureOf(height, width);
  const box = [width, height, 0, 0];
  labels.forEach((label, k) => {
    if (!kept[label]) return;
    digit.values[k] = 1;
    const [i, j] = [Math.floor(k / width), k % width];
    box[0] = Math.min(box[0], j);
    box[1] = Math.min(box[1], i);
    box[2] = Math.max(box[2], j + 1);
    box[3] = Math.max(box[3], i + 1);
  });
  const near = grown(digit, 2 + Math.floor(Math.max(height, width) / 100));
  const ink = { values: values.map((value, k) => (near.values[k] ? value : 0)), height, width };
  return { ink, box };
}

// How much each input counts for each output along one axis, as Pillow's resampling has it.
function sharesOf(length, [start, end], count, smooth) {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const scale = Math.fround(last - first) / count;
  const stretch = Math.max(1, scale);
  const support = (smooth ? 2 : 0.5) * stretch;
  const cubic = (distance) => {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? -0.5 * (((x - 5) * x + 8) * x - 4) : 0;
  };
  const weigh = smooth ? cubic : (x) => (x > -0.5 && x <= 0.5 ? 1 : 0);
  return Array.from({ length: count }, (_, k) => {
    const centre = first + (k + 0.5) * scale;
    const low = Math.max(0, Math.trunc(centre - support + 0.5));
    const high = Math.min(length, Math.trunc(centre + support + 0.5));
    const weights = Array.from({ length: high - low }, (_, x) =>
      weigh((x + low - centre + 0.5) / stretch));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { low, weights: weights.map((weight) => weight / total) };
  });
}

// A window of a picture at another size: averaged where it shrinks, by cubic curves where not.
export function resized({ values, height, width }, rows, columns, across, down, smooth) {
  const wide = new Float32Array(height * columns);
  sharesOf(width, across, columns, smooth).forEach(({ low, weights }, j) => {
    for (let i = 0; i < height; i++) {
      let sum = 0;
      for (let x = 0; x < weights.length; x++) sum += values[i * width + low + x] * weights[x];
      wide[i * columns + j] = sum;
    }
  });
  const out = pictureOf(rows, columns);
  sharesOf(height, down, rows, smooth).forEach(({ low, weights }, i) => {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let y = 0; y < weights.length; y++) sum += wide[(low + y) * columns + j] * weights[y];
      out.values[i * columns + j] = sum;
    }
  });
  return out;
}

// Scale until the longer side of the box has `side` pixels, with a tenth of that as margin; the
// box comes back in the new pixels.
export function fitted(ink, box, side) {
  const step = Math.max(box[2] - box[0], box[3] - box[1]) / side;
  const margin = Math.floor(side / 10);
  const spare = Math.floor((margin + 1) * step) + 1;
  const along = (low, high) => {
    const length = Math.ceil((high - low) / step - 1e-6) + 2 * margin;
    const start = (low + high - length * step) / 2;
    return {
      length,
      window: [start + spare, start + spare + length * step],
      inner: [(low - start) / step, (high - start) / step],
    };
  };
  const [x, y] = [along(box[0], box[2]), along(box[1], box[3])];
  const wide = pictureOf(ink.height + 2 * spare, ink.width + 2 * spare);
  for (let i = 0; i < ink.height; i++) {
    const row = ink.values.subarray(i * ink.width, (i + 1) * ink.width);
    wide.values.set(row, (i + spare) * wide.width + spare);
  }
  return {
    ink: resized(wide, y.length, x.length, x.window, y.window, step <= 1),
    box: [x.inner[0], y.inner[0], x.inner[1], y.inner[1]],
  };
}

// Strokes thinner than nearly any in MNIST made wider. A curve is as long as π/4 times its
// crossings with the lines of the grid: Crofton's formula.
export function widened({ ink, box }) {
  const { values, height, width } = ink;
  const half = 0.5 * largestOf(values);
  const on = (i, j) => i >= 0 && j >= 0 && i < height && j < width && values[i * width + j] > half;
  let [crossings, area] = [0, 0];
  for (let i = 0; i <= height; i++) {
    for (let j = 0; j <= width; j++) {
      crossings += (on(i, j) !== on(i - 1, j)) + (on(i, j) !== on(i, j - 1));
      area += on(i, j);
    }
  }
  const side = Math.max(box[2] - box[0], box[3] - box[1]);
  const lacking = (STROKE * side) / BOX - (2 * area) / ((Math.PI / 4) * crossings);
  const radius = Math.max(0, Math.round(lacking / 2));
  const edges = [box[0] - radius, box[1] - radius, box[2] + radius, box[3] + radius];
  return { ink: grown(ink, radius), box: edges };
}

// Move by whole pixels until the centre of mass is at pixel (14, 14).
function centred({ values, height, width }) {
  const profile = (count, at) => Array.from({ length: count }, (_, k) => at(k));
  const row = (i) => values.subarray(i * width, (i + 1) * width).reduce((sum, v) => sum + v, 0);
  const column = (j) => {
    let sum = 0;
    for (let i = 0; i < height; i++) sum += values[i * width + j];
    return sum;
  };
  const along = (profile) => {
    const first = profile.findIndex((sum) => sum > 0);
    const last = profile.findLastIndex((sum) => sum > 0);
    const total = profile.reduce((sum, value) => sum + value, 0);
    const centre = profile.reduce((sum, value, k) => sum + value * (k - first), 0) / total;
    const length = last - first + 1;
    const corner = Math.min(Math.max(CENTRE - Math.floor(centre + 0.5), 0), FIELD - length);
    return { first, length, corner, centre: centre + corner };
  };
  const [y, x] = [along(profile(height, row)), along(profile(width, column))];
  const image = new Float32Array(FIELD * FIELD);
  for (let i = 0; i < y.length; i++) {
    const from = (y.first + i) * width + x.first;
    image.set(values.subarray(from, from + x.length), (y.corner + i) * FIELD + x.corner);
  }
  return { image, moved: [x.corner - x.first, y.corner - y.first], mass: [x.centre, y.centre] };
}

// What the network is given for a drawing, or null where nothing is drawn. `box` is the digit's
// box in the drawing, `frame` the same box in the field of 28 × 28, `mass` its centre of mass there.
export function toMnist(picture) {
  const digit = found(picture);
  if (!digit) return null;
  const { box } = digit;
  const side = Math.max(box[2] - box[0], box[3] - box[1]);
  const fine = side > BOX ? widened(fitted(digit.ink, box, Math.min(side, BOX * FINE))) : digit;
  const { ink, box: inner } = fitted(fine.ink, fine.box, BOX);
  const half = 0.5 * largestOf(ink.values);
  const full = quantileOf(ink.values.filter((value) => value >= half), 0.95);
  const by = full < SATURATED ? full : 1;
  ink.values.forEach((value, k) => { ink.values[k] = Math.max(0, Math.min(1, value / by)); });
  const { image, moved, mass } = centred(ink);
  const frame = inner.map((edge, k) => edge + moved[k % 2]);
  return { image, box, frame, mass };
}
