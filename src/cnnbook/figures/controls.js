// The controls that figures share, each with its label, for mouse, touch and keyboard.
import { element, fill } from "./host.js";

export function button(text, onPress, attributes = {}) {
  return element("button", { type: "button", click: onPress, ...attributes }, text);
}

// A button that is on or off.
export function toggle(text, on, onChange) {
  const node = button(text, () => set(node.getAttribute("aria-pressed") !== "true"));
  const set = (value) => {
    node.setAttribute("aria-pressed", String(value));
    onChange(value);
  };
  node.setAttribute("aria-pressed", String(on));
  return node;
}

// A number on a scale. The text may name it: "stride {value}".
export function slider(text, { min, max, step = 1, value }, onInput) {
  const shown = element("span", {}, fill(text, { value }));
  const input = element("input", { type: "range", min, max, step, value, input: () => change() });
  const change = () => {
    shown.textContent = fill(text, { value: input.value });
    onInput(Number(input.value));
  };
  const node = element("label", {}, shown, input);
  node.limit = (low, high) => {
    input.min = low;
    input.max = high;
    input.disabled = low >= high;
    shown.textContent = fill(text, { value: input.value });
    return Number(input.value);
  };
  node.move = (to) => {
    input.value = to;
    shown.textContent = fill(text, { value: input.value });
  };
  return node;
}

// One of several: options are [value, text].
export function choice(text, options, value, onChange) {
  const select = element("select", { change: () => onChange(select.value) });
  for (const [each, name] of options) {
    select.append(element("option", { value: each, selected: each === value }, name));
  }
  return element("label", {}, text, select);
}

// Step, play and scrub through `count` places; `onStep` is told each place the reader goes to, from
// 0, and the scrubber says its number, from `first`.
// With prefers-reduced-motion nothing plays by itself: the reader steps.
export function player(words, count, onStep, first = 1) {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let place = 0;
  let timer = 0;
  const scrub = element("input", {
    type: "range", min: first, max: first + count - 1, value: first, "aria-label": words.place,
    input: () => { stop(); go(scrub.value - first); },
  });
  const back = button("◀", () => { stop(); go(place - 1); }, { "aria-label": words.back });
  const on = button("▶", () => { stop(); go(place + 1); }, { "aria-label": words.on });
  const play = button(words.play, () => (timer ? stop() : start()));
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = words.play;
  };
  const start = () => {
    if (place === count - 1) go(0);
    play.textContent = words.stop;
    timer = setInterval(() => (place < count - 1 ? go(place + 1) : stop()), 900);
  };
  const go = (to) => {
    node.follow(Math.max(0, Math.min(count - 1, to)));
    onStep(place);
  };
  const calm = () => { play.hidden = still.matches; if (still.matches) stop(); };
  still.addEventListener("change", calm);
  calm();
  const node = element("div", { class: "row" }, back, play, on, scrub);
  node.go = (to) => { stop(); go(to); };
  node.follow = (to) => {
    place = to;
    scrub.value = first + to;
    back.disabled = !to;
    on.disabled = to === count - 1;
  };
  node.resize = (length) => { stop(); count = length; scrub.max = first + count - 1; go(Math.min(place, count - 1)); };
  return node;
}
