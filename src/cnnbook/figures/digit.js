// Draw a digit: the article's network reads it in the page, map by map.
import { button, toggle } from "./controls.js";
import { stroke, toMnist } from "./digit_convention.js";
import { LOOK, gallery } from "./digit_look.js";
import { countsOf, forward, networkOf } from "./digit_network.js";
import { grid } from "./grid.js";
import { element, fill, number } from "./host.js";

const SIDE = 168; // pixels of the drawing: six for each of the field's 28
const PEN = 6; // half the width of a stroke
const RUBBER = 12;
const KEY_STEP = 6;

// Where a file beside the open notebook is. JupyterLab's own pages lie elsewhere: its address ends
// in /tree/ and the notebook's path, and it hands files out below /files/.
function besideNotebook(jupyter, file) {
  const [, path = ""] = location.pathname.split("/tree/");
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  return `${JSON.parse(jupyter.textContent).baseUrl}files/${folder}${file}`;
}

// Add the network's script to the page once, and wait until it has run.
let networkOnItsWay = null;
function fetchNetwork({ network, inJupyter }) {
  const jupyter = document.getElementById("jupyter-config-data");
  const place = jupyter ? besideNotebook(jupyter, inJupyter) : network;
  networkOnItsWay ??= new Promise((done, fail) => {
    const script = element("script", { src: place, charset: "utf-8" });
    script.addEventListener("load", () => {
      const file = globalThis.cnnbookDigitNetwork;
      if (file) done({ layers: networkOf(file), digits: file.digits });
      else fail(new Error(place));
    });
    script.addEventListener("error", () => fail(new Error(place)));
    document.head.append(script);
  });
  networkOnItsWay.catch(() => { networkOnItsWay = null; });
  return networkOnItsWay;
}

export function digit(figure, config, words) {
  figure.classList.add("digit");
  const ink = { values: new Float32Array(SIDE * SIDE), height: SIDE, width: SIDE };
  let ready = null; // the network and the hundred digits, once they are here
  let image = null; // what the network is given
  let stored = null; // the test image that was picked, until it is drawn over
  let result = null;
  let rub = false;
  let picked = { layer: "conv1", k: 0 };

  // Colours of the page's theme, as numbers for the canvases.
  let colours = {};
  const readColours = () => {
    const style = getComputedStyle(figure);
    for (const name of ["paper", "ink", "output", "plus", "minus"]) {
      const hex = style.getPropertyValue(`--${name}`).trim();
      colours[name] = [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
    }
  };
  // Paint numbers from −1 to 1, found by at(row, column), from paper to one of two colours.
  const paint = (canvas, at, to = "ink", below = "minus") => {
    const { width, height } = canvas;
    const context = canvas.getContext("2d");
    const picture = context.createImageData(width, height);
    for (let i = 0, k = 0; i < height; i++) {
      for (let j = 0; j < width; j++, k += 4) {
        const value = at(i, j);
        const share = Math.min(1, Math.abs(value));
        const colour = colours[value < 0 ? below : to];
        for (let c = 0; c < 3; c++) {
          picture.data[k + c] = colours.paper[c] + (colour[c] - colours.paper[c]) * share;
        }
        picture.data[k + 3] = 255;
      }
    }
    context.putImageData(picture, 0, 0);
  };
  const place = (node, [left, top, right, bottom], size) => {
    const share = (value) => `${(100 * value) / size}%`;
    Object.assign(node.style, {
      left: share(left), top: share(top), width: share(right - left), height: share(bottom - top),
    });
  };

  // The pad.
  const padCanvas = element("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" });
  const invite = element("p", { class: "invite" }, words.drawHere);
  const padFrame = element("div", { class: "frame", hidden: true });
  const pen = element("div", { class: "pen" });
  const pad = element("div", {
    class: "pad", tabindex: 0, role: "application", "aria-label": words.pad,
  }, padCanvas, invite, padFrame, pen);
  const penSays = element("p", { class: "hidden", "aria-live": "polite" });

  // What the network is given, and what it answers.
  const seenCanvas = element("canvas", { width: 28, height: 28, role: "img", "aria-label": words.seen });
  const seenFrame = element("div", { class: "frame", hidden: true });
  const mass = element("div", { class: "mass", hidden: true });
  const seen = element("div", { class: "seen" }, seenCanvas, seenFrame, mass);
  const seenSays = element("p", { class: "quiet narrow" }, words.seenNothing);
  const bars = Array.from({ length: 10 }, (_, k) => {
    const bar = element("div", { class: "bar" });
    const share = element("span", { class: "share" });
    const label = element("span", {}, String(k));
    return { bar, share, label, row: [label, element("div", { class: "track" }, bar), share] };
  });
  const answer = element("p", { class: "answer", role: "status" }, words.nothing);

  // The layers.
  const pick = (layer) => (k) => { picked = { layer, k }; showPicked(); };
  const layers = {
    conv1: { side: 28, count: 32, look: gallery(words.first, {
      count: 32, columns: 8, size: 28, name: (k) => fill(words.map, { k, value: "0" }), onPick: pick("conv1"),
    }) },
    conv2: { side: 14, count: 64, look: gallery(words.second, {
      count: 64, columns: 8, size: 14, name: (k) => fill(words.map, { k, value: "0" }), onPick: pick("conv2"),
    }) },
  };
  layers.conv1.look.classList.add("first");
  layers.conv2.look.classList.add("second");
  const dense = element("canvas", { width: 32, height: 32, role: "img" });
  const denseSays = element("p", { class: "quiet narrow" });
  const large = element("canvas", { width: 28, height: 28, "aria-hidden": "true" });
  const kernel = grid(words, { title: words.filter, role: "kernel", size: 2.6 });
  const kernels = element("canvas", { width: 47, height: 23, role: "img" });
  const deep = element("div", {}, element("div", { class: "name" }), element("div", { class: "kernels" }, kernels));
  const pickedSays = element("p", { "aria-live": "polite" });
  const inside = element("div", { hidden: true },
    element("div", { class: "row" }, layers.conv1.look, layers.conv2.look,
      element("div", {}, element("div", { class: "name" }, words.dense), element("div", { class: "dense" }, dense), denseSays)),
    element("p", { class: "quiet" }, words.hint),
    pickedSays,
    element("div", { class: "row" }, element("div", { class: "large" }, large), kernel, deep));
  const hundred = element("div", { class: "row", hidden: true });

  const showPad = () => {
    paint(padCanvas, (i, j) => ink.values[i * SIDE + j]);
  };
  const showSeen = (boxed) => {
    paint(seenCanvas, (i, j) => (image ? image[i * 28 + j] : 0));
    for (const node of [padFrame, seenFrame, mass]) node.hidden = !boxed;
    invite.hidden = Boolean(image);
    if (!boxed) {
      seenSays.textContent = stored ? fill(words.seenStored, stored) : words.seenNothing;
      return;
    }
    const { box, frame } = boxed;
    place(padFrame, box, SIDE);
    place(seenFrame, frame, 28);
    const [across, down] = boxed.mass;
    mass.style.left = `${(100 * (across + 0.5)) / 28}%`;
    mass.style.top = `${(100 * (down + 0.5)) / 28}%`;
    const sides = [frame[3] - frame[1], frame[2] - frame[0]].map((side) => number(side, 0));
    seenSays.textContent = fill(words.seenSays, { box: sides.join(" × ") });
  };
  const percentOf = (share) => (share > 0.9995
    ? words.certain : fill(words.percent, { value: number(100 * share, 1) }));
  const showAnswer = () => {
    const best = result ? result.probabilities.indexOf(Math.max(...result.probabilities)) : -1;
    bars.forEach(({ bar, share, label }, k) => {
      const probability = result?.probabilities[k] ?? 0;
      bar.style.width = `${100 * probability}%`;
      share.textContent = result ? percentOf(probability) : "";
      for (const node of [share, label]) node.classList.toggle("best", k === best);
    });
    if (!result) return;
    const wrong = stored && stored.label !== best;
    const percent = percentOf(result.probabilities[best]);
    const sentence = wrong ? words.answerWrong : words.answer;
    answer.textContent = fill(sentence, { digit: best, percent, label: stored?.label });
  };
  const showLayers = () => {
    inside.hidden = !result;
    if (!result) return;
    for (const [name, { side, count, look }] of Object.entries(layers)) {
      const maps = result[name];
      const largest = maps.reduce((most, value) => Math.max(most, value), 1e-9);
      for (let k = 0; k < count; k++) {
        let most = 0;
        paint(look.canvas(k), (i, j) => {
          const value = maps[(i * side + j) * count + k];
          if (value > most) most = value;
          return Math.sqrt(value / largest);
        }, "output");
        look.name(k, fill(words.map, { k, value: number(most) }));
      }
    }
    const most = result.dense.reduce((least, value) => Math.max(least, value), 1e-9);
    paint(dense, (i, j) => Math.sqrt(result.dense[32 * i + j] / most), "output");
    denseSays.textContent = fill(words.denseSays, { count: result.dense.filter((v) => v > 0).length });
    dense.setAttribute("aria-label", denseSays.textContent);
    showPicked();
  };
  const showPicked = () => {
    const { layer, k } = picked;
    const { side, count } = layers[layer];
    for (const name in layers) layers[name].look.select(name === layer ? k : -1);
    const map = Array.from({ length: side * side }, (_, at) => result[layer][at * count + k]);
    const value = Math.max(...map);
    const top = map.indexOf(value);
    large.width = side;
    large.height = side;
    paint(large, (i, j) => Math.sqrt(map[i * side + j] / (value || 1)), "output");
    const said = { k, value: number(value), i: Math.floor(top / side), j: top % side };
    pickedSays.textContent = fill(layer === "conv1" ? words.picked : words.pickedDeep, said);
    const weights = ready.layers[`${layer}_w`];
    kernel.hidden = layer !== "conv1";
    deep.hidden = !kernel.hidden;
    const title = fill(words.filter, { k });
    if (!kernel.hidden) {
      const matrix = [0, 1, 2, 3, 4].map((u) => [0, 1, 2, 3, 4].map((v) => weights[(5 * u + v) * 32 + k]));
      kernel.show(matrix, { title });
      return;
    }
    const of = (u, v, c) => weights[((5 * u + v) * 32 + c) * 64 + k];
    let widest = 0;
    for (let at = k; at < weights.length; at += 64) widest = Math.max(widest, Math.abs(weights[at]));
    deep.firstChild.textContent = title;
    kernels.setAttribute("aria-label", pickedSays.textContent);
    paint(kernels, (i, j) => {
      const [u, v] = [i % 6, j % 6];
      return u === 5 || v === 5 ? 0 : of(u, v, 8 * Math.floor(i / 6) + Math.floor(j / 6)) / widest;
    }, "plus");
  };

  // Everything that follows from the drawing or the test image.
  const update = () => {
    const boxed = stored ? null : toMnist(ink);
    if (!stored) image = boxed?.image ?? null;
    result = image && ready ? forward(ready.layers, image) : null;
    showPad();
    showSeen(boxed);
    showAnswer();
    showLayers();
    if (!image) answer.textContent = words.nothing;
  };
  let due = 0;
  const updateSoon = () => { due ||= requestAnimationFrame(() => { due = 0; update(); }); };
  const load = async () => {
    if (ready) return ready;
    answer.textContent = words.loading;
    try {
      ready = await fetchNetwork(config);
      update();
    } catch {
      answer.textContent = words.missing;
    }
    return ready;
  };

  const draw = (from, to) => {
    stroke(ink, from, to, rub ? RUBBER : PEN, rub);
    stored = null;
    if (!ready) load();
    updateSoon();
  };
  // The pen stays so far inside that no stroke runs off the edge, as the edge of paper would.
  const within = (value) => Math.max(PEN + 2, Math.min(SIDE - PEN - 2, value));
  let last = null;
  const pointer = (event) => {
    const box = padCanvas.getBoundingClientRect();
    return [
      within(((event.clientX - box.left) / box.width) * SIDE),
      within(((event.clientY - box.top) / box.height) * SIDE),
    ];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pad.setPointerCapture(event.pointerId);
    last = pointer(event);
    draw(last, last);
  });
  pad.addEventListener("pointermove", (event) => {
    if (!last || !event.buttons) return;
    for (const each of event.getCoalescedEvents?.() ?? []) {
      draw(last, pointer(each));
      last = pointer(each);
    }
    draw(last, pointer(event));
    last = pointer(event);
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { last = null; });

  let at = [SIDE / 2, SIDE / 2];
  let down = false;
  const showPen = () => {
    pen.style.left = `${(100 * at[0]) / SIDE}%`;
    pen.style.top = `${(100 * at[1]) / SIDE}%`;
    pen.classList.toggle("down", down);
    const [x, y] = at.map((value) => number((100 * value) / SIDE, 0));
    penSays.textContent = fill(down ? words.penDown : words.penUp, { x, y });
  };
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  pad.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (move) {
      const to = at.map((value, k) => within(value + KEY_STEP * move[k]));
      if (down) draw(at, to);
      at = to;
    } else if (event.key === " ") {
      down = !down;
      if (down) draw(at, at);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      clear();
    } else {
      return;
    }
    event.preventDefault();
    showPen();
  });
  pad.addEventListener("blur", () => { down = false; showPen(); });

  const clear = () => {
    ink.values.fill(0);
    stored = null;
    update();
  };

  // The hundred test digits: picked, one goes to the network as it is stored.
  let pictures = null;
  const takeStored = (k, row, label) => {
    image = Float32Array.from(pictures.subarray(784 * row, 784 * (row + 1)), (grey) => grey / 255);
    for (let at = 0; at < SIDE * SIDE; at++) {
      const [i, j] = [Math.floor(at / SIDE / 6), Math.floor((at % SIDE) / 6)];
      ink.values[at] = image[28 * i + j];
    }
    stored = { k, label };
    update();
  };
  let chooser = null;
  const showHundred = () => {
    for (let m = 0; m < 100; m++) {
      paint(chooser.canvas(m), (i, j) => pictures[784 * m + 28 * i + j] / 255);
    }
  };
  const openHundred = toggle(words.digits, false, async (open) => {
    hundred.hidden = !open;
    if (!open || chooser || !(await load())) return;
    const { text, numbers, easy } = ready.digits;
    pictures = countsOf(text);
    const order = numbers.flat();
    const labels = numbers.flatMap((row, label) => row.map(() => label));
    const hard = (m) => m % 10 >= easy;
    chooser = gallery(words.digits, {
      count: 100, columns: 10, size: 28, marked: hard,
      name: (m) => fill(hard(m) ? words.digitHard : words.digit, { k: order[m], label: labels[m] }),
      onPick: (m) => { chooser.select(m); takeStored(order[m], m, labels[m]); },
    });
    chooser.classList.add("hundred");
    hundred.append(chooser, element("p", { class: "quiet fill" }, words.digitsSay));
    showHundred();
  });

  const said = element("div", { class: "name" }, words.probabilities);
  figure.append(
    element("style", {}, LOOK),
    element("div", { class: "row" },
      element("div", {}, pad, penSays,
        element("div", { class: "row" },
          button(words.clear, clear), toggle(words.rub, false, (on) => { rub = on; })),
        answer),
      element("div", {}, element("div", { class: "name" }, words.seen), seen, seenSays),
      element("div", { class: "fill" }, said, element("div", { class: "bars" }, ...bars.flatMap(({ row }) => row)))),
    element("div", { class: "row" }, openHundred),
    hundred,
    inside,
  );
  const inTheme = () => {
    readColours();
    update();
    if (chooser) showHundred();
  };
  new MutationObserver(inTheme).observe(figure, { attributes: true, attributeFilter: ["class"] });
  inTheme();
  showPen();
}
