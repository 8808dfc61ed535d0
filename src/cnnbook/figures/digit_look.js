// What the drawing pad, the network's maps and the tables of pictures look like.
import { element } from "./host.js";

export const LOOK = `
.digit canvas { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
.digit .cell { font-size: calc(var(--cell) * 0.33); }
.digit .name { font-weight: 600; margin-bottom: 0.25rem; }
.digit .row + .row, .digit .row + div, .digit div + .row { margin-top: 0.75rem; }
.digit .row > .fill { flex: 1 1 9.5rem; max-width: 22rem; }
.pad {
  position: relative; width: 15rem; height: 15rem; box-sizing: border-box; overflow: hidden;
  border: 3px solid var(--input); border-radius: 4px; cursor: crosshair; touch-action: none;
}
.digit .pad canvas { image-rendering: auto; }
.pad .invite {
  position: absolute; inset: 0; display: flex; align-items: center; justify-content: center;
  margin: 0; color: var(--quiet); font-size: 1.15em; pointer-events: none;
}
.pad .frame, .seen .frame {
  position: absolute; border: 2px dashed var(--kernel); pointer-events: none; box-sizing: border-box;
}
.pad .pen {
  position: absolute; width: 1rem; height: 1rem; margin: -0.5rem; border: 2px solid var(--error);
  border-radius: 50%; box-sizing: border-box; pointer-events: none;
}
.pad .pen.down { background: var(--error); }
.pad:not(:focus-visible) .pen { display: none; }
.answer { width: 15rem; min-height: 4.2em; margin-top: 0.5rem; font-weight: 600; }
.seen {
  position: relative; width: 8.75rem; height: 8.75rem; box-sizing: content-box;
  border: 3px solid var(--input); border-radius: 4px;
}
.seen .mass {
  position: absolute; width: 0.9rem; height: 0.9rem; margin: -0.45rem; pointer-events: none;
  background: linear-gradient(var(--error), var(--error)) center / 100% 2px no-repeat,
    linear-gradient(var(--error), var(--error)) center / 2px 100% no-repeat;
}
.narrow { width: 9rem; font-size: 0.85em; }
.bars { display: grid; grid-template-columns: auto 1fr 4.2rem; gap: 0.15rem 0.5rem; align-items: center; }
.bars .track { height: 0.85rem; background: var(--sunk); border-radius: 3px; overflow: hidden; }
.bars .bar { height: 100%; background: var(--output); }
.bars .share { min-height: 1.4em; white-space: nowrap; text-align: right; font-variant-numeric: tabular-nums; }
.bars .best { font-weight: 700; }
.tiles { display: grid; gap: 2px; grid-template-columns: repeat(var(--columns), var(--tile)); padding: 1px; }
.tiles [role="row"] { display: contents; }
.tiles .tile {
  width: var(--tile); height: var(--tile); outline: 1px solid var(--line); cursor: pointer;
  background: var(--paper);
}
.tiles .tile.hard { outline: 2px solid var(--minus); outline-offset: -1px; }
.tiles .tile[aria-selected="true"] { outline: 3px solid var(--ink); outline-offset: -1px; z-index: 1; }
.tiles .tile:focus-visible { outline: 3px solid var(--focus); outline-offset: 1px; z-index: 2; }
.first { --tile: min(1.9rem, calc((100vw - 6rem) / 8)); }
.second { --tile: 1.5rem; }
.hundred { --tile: min(2rem, calc((100vw - 6rem) / 10.5)); }
.dense, .large { width: 9rem; height: 9rem; border: 1px solid var(--line); }
.kernels { width: min(20rem, calc(100vw - 5rem)); aspect-ratio: 47 / 23; border: 3px solid var(--kernel); border-radius: 4px; }
`;

// Pictures in a table, one of which is picked: by mouse, touch, or arrow keys and Enter.
// `name(k)` is what a picture is called, `size` its rows and columns of pixels.
export function gallery(title, { count, columns, size, name, onPick, marked }) {
  const rows = element("div", { class: "tiles", role: "grid", "aria-label": title });
  rows.style.setProperty("--columns", columns);
  const tiles = [];
  let at = 0;
  const go = (k) => {
    if (k < 0 || k >= count) return;
    tiles[at].tabIndex = -1;
    at = k;
    tiles[k].tabIndex = 0;
    tiles[k].focus();
  };
  const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  for (let k = 0; k < count; k++) {
    if (k % columns === 0) rows.append(element("div", { role: "row" }));
    const canvas = element("canvas", { width: size, height: size });
    const tile = element("div", {
      class: marked?.(k) ? "tile hard" : "tile", role: "gridcell", "aria-label": name(k),
      tabindex: k ? -1 : 0,
      click: () => { go(k); onPick(k); },
      keydown: (event) => {
        if (event.key in moves) go(k + moves[event.key]);
        else if (event.key === "Enter" || event.key === " ") onPick(k);
        else return;
        event.preventDefault();
      },
    }, canvas);
    rows.lastChild.append(tile);
    tiles.push(tile);
  }
  const node = element("div", {}, element("div", { class: "name" }, title), rows);
  node.canvas = (k) => tiles[k].firstChild;
  node.name = (k, text) => tiles[k].setAttribute("aria-label", text);
  node.select = (k) => tiles.forEach((tile, m) => tile.setAttribute("aria-selected", String(m === k)));
  return node;
}
