// What the figures of convolution layers share: windows, padding and the half turn of a map.

// How many windows fit along one axis: the theorem of the chapter on the convolution layer.
export function outputSize(size, kernel, { stride, padding, dilation = 1 }) {
  const reach = (kernel - 1) * dilation + 1;
  return Math.max(0, Math.floor((size + 2 * padding - reach) / stride) + 1);
}

export function padded(map, padding) {
  const width = map[0].length + 2 * padding;
  const empty = () => Array.from({ length: padding }, () => Array(width).fill(0));
  const sides = Array(padding).fill(0);
  return [...empty(), ...map.map((row) => [...sides, ...row, ...sides]), ...empty()];
}

export function turned(map) {
  return map.map((row) => [...row].reverse()).reverse();
}
