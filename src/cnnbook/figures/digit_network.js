// The article's network in the page: its weights read from text, and its forward pass. Everything
// is channels last, in Float32Arrays; sums are taken in double precision.

// A character for each number, as digit_network.py writes them: first the 95 that UTF-8 keeps in
// one byte, then those from U+00A1 on.
export function countsOf(text) {
  const counts = new Uint16Array(text.length);
  for (let k = 0; k < text.length; k++) {
    const code = text.charCodeAt(k);
    counts[k] = code < 127 ? code - 32 : code - 161 + 95;
  }
  return counts;
}

// 0, 1, 2, 3, 4 stand for 0, −1, 1, −2, 2; the last axis, of the filters or units, has the scales.
export function weightsOf({ text, scale }) {
  const weights = new Float32Array(text.length);
  const counts = countsOf(text);
  for (let k = 0, f = 0; k < counts.length; k++, f = f + 1 === scale.length ? 0 : f + 1) {
    weights[k] = (counts[k] % 2 ? -(counts[k] + 1) / 2 : counts[k] / 2) * scale[f];
  }
  return weights;
}

// The file's weights as arrays, by name.
export function networkOf({ weights, biases }) {
  const network = {};
  for (const [name, packed] of Object.entries(weights)) network[name] = weightsOf(packed);
  for (const [name, values] of Object.entries(biases)) network[name] = Float32Array.from(values);
  return network;
}

// 5 × 5 convolution of a square picture with zeros around it, then ReLU.
export function convolved(x, size, channels, w, b) {
  const filters = b.length;
  const width = (size + 4) * channels;
  const wide = new Float32Array((size + 4) * width);
  for (let i = 0; i < size; i++) {
    wide.set(x.subarray(i * size * channels, (i + 1) * size * channels), (i + 2) * width + 2 * channels);
  }
  const out = new Float32Array(size * size * filters);
  const run = 5 * channels; // one row of a window stands in a row, here and in w
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const at = (i * size + j) * filters;
      for (let f = 0; f < filters; f += 8) { // eight sums at a time stay in registers
        let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0];
        for (let u = 0; u < 5; u++) {
          const from = (i + u) * width + j * channels;
          let k = u * run * filters + f;
          for (let c = 0; c < run; c++, k += filters) {
            const value = wide[from + c];
            if (value === 0) continue;
            s0 += value * w[k];
            s1 += value * w[k + 1];
            s2 += value * w[k + 2];
            s3 += value * w[k + 3];
            s4 += value * w[k + 4];
            s5 += value * w[k + 5];
            s6 += value * w[k + 6];
            s7 += value * w[k + 7];
          }
        }
        out[at + f] = Math.max(0, s0 + b[f]);
        out[at + f + 1] = Math.max(0, s1 + b[f + 1]);
        out[at + f + 2] = Math.max(0, s2 + b[f + 2]);
        out[at + f + 3] = Math.max(0, s3 + b[f + 3]);
        out[at + f + 4] = Math.max(0, s4 + b[f + 4]);
        out[at + f + 5] = Math.max(0, s5 + b[f + 5]);
        out[at + f + 6] = Math.max(0, s6 + b[f + 6]);
        out[at + f + 7] = Math.max(0, s7 + b[f + 7]);
      }
    }
  }
  return out;
}

// The largest of every 2 × 2.
export function pooled(x, size, channels) {
  const half = size / 2;
  const out = new Float32Array(half * half * channels);
  for (let i = 0; i < half; i++) {
    for (let j = 0; j < half; j++) {
      const from = (2 * i * size + 2 * j) * channels;
      for (let c = 0; c < channels; c++) {
        const [here, below] = [from + c, from + c + size * channels];
        out[(i * half + j) * channels + c] =
          Math.max(x[here], x[here + channels], x[below], x[below + channels]);
      }
    }
  }
  return out;
}

// x w + b for one example; a row of w belongs to one input, and many inputs are zero.
export function joined(x, w, b) {
  const units = b.length;
  const sums = Float64Array.from(b);
  for (let d = 0; d < x.length; d++) {
    const value = x[d];
    if (value === 0) continue;
    for (let m = 0, k = d * units; m < units; m++, k++) sums[m] += value * w[k];
  }
  return Float32Array.from(sums);
}

export function softmaxOf(logits) {
  const largest = Math.max(...logits);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

// All that the network makes of an image of 28 × 28 pixels in [0, 1].
export function forward(network, image) {
  const conv1 = convolved(image, 28, 1, network.conv1_w, network.conv1_b);
  const conv2 = convolved(pooled(conv1, 28, 32), 14, 32, network.conv2_w, network.conv2_b);
  const dense = joined(pooled(conv2, 14, 64), network.fc1_w, network.fc1_b)
    .map((value) => Math.max(0, value));
  const logits = joined(dense, network.fc2_w, network.fc2_b);
  return { conv1, conv2, dense, logits, probabilities: softmaxOf(logits) };
}
