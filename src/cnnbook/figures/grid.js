// A grid of numbers: shown, pointed at, walked through with the arrow keys, and edited.
import { element, fill, number, numberFrom } from "./host.js";

export const GRID_STYLE = `
.grid { display: inline-block; max-width: 100%; }
.grid .title { font-weight: 600; margin-bottom: 0.25rem; }
.cells {
  display: inline-grid; gap: 1px; padding: 3px; max-width: 100%; box-sizing: border-box;
  border: 3px solid var(--role-colour); border-radius: 4px; background: var(--line);
}
.cell {
  position: relative; display: flex; align-items: center; justify-content: center;
  width: var(--cell); height: var(--cell); font-size: calc(var(--cell) * 0.4);
  font-variant-numeric: tabular-nums; background: var(--paper); color: var(--ink);
  cursor: default; user-select: none; touch-action: manipulation;
}
.cell.editable { cursor: text; }
.cell.ring { background: repeating-linear-gradient(45deg, var(--sunk) 0 3px, var(--line) 3px 4px); }
.cell.veiled { background: var(--sunk); color: transparent; }
.cell.framed::after, .cell.dashed::after {
  content: ""; position: absolute; inset: -1px; border: 3px solid var(--kernel); z-index: 1;
  pointer-events: none;
}
.cell.dashed::after { border: 2px dashed var(--highlight); }
.cell.chosen { outline: 3px solid var(--ink); outline-offset: -3px; z-index: 2; }
.grid .refused { max-width: 22rem; margin: 0.25rem 0 0; color: var(--minus); }
.grid .refused:empty { display: none; }
.cell .small { position: absolute; right: 2px; bottom: 0; font-size: 0.62em; opacity: 0.9; }
.cell input {
  width: 100%; height: 100%; min-width: 0; min-height: 0; padding: 0; border: 0;
  text-align: center; background: var(--paper); color: var(--ink); font-size: inherit;
}
`;

// Show a matrix. `role` is a role of the palette, which colours the frame.
//   onPoint(i, j)      a cell was pointed at, tapped or reached by the keyboard
//   onLeave()          and left again
//   onEdit(i, j, v)    a cell was given a number (cells can be edited only where this is given)
//   least, most        the numbers a cell takes; anything else is refused with a word of why
// The node has show(values, { marks }): marks(i, j) gives a cell's classes and small text.
export function grid(words, settings) {
  const { title, role, size = 2.2, onPoint, onLeave, onEdit, least = -999, most = 999 } = settings;
  const cells = element("div", { class: "cells", role: "grid", "aria-label": title });
  const heading = element("div", { class: "title" }, title);
  const refused = element("p", { class: "refused", role: "status" });
  const node = element("div", { class: "grid" }, heading, cells, refused);
  node.style.setProperty("--role-colour", `var(--${role})`);
  let shape = [0, 0];
  let values = [];
  let focus = [0, 0];

  const at = (i, j) => cells.children[i]?.children[j];

  const rebuild = (rows, columns) => {
    shape = [rows, columns];
    focus = [Math.min(focus[0], rows - 1), Math.min(focus[1], columns - 1)];
    node.style.setProperty("--cell", `min(${size}rem, calc((100vw - 6rem) / ${columns}))`);
    cells.style.gridTemplateColumns = `repeat(${columns}, auto)`;
    cells.replaceChildren();
    for (let i = 0; i < rows; i++) {
      const row = element("div", { role: "row", style: "display: contents" });
      for (let j = 0; j < columns; j++) {
        row.append(
          element("div", {
            class: "cell", role: "gridcell", tabindex: -1,
            pointerenter: () => onPoint?.(i, j),
            pointerleave: () => onLeave?.(),
            click: () => { enter(i, j); if (onEdit) edit(i, j); },
            focus: () => onPoint?.(i, j),
            keydown: (event) => onKey(event, i, j),
          }),
        );
      }
      cells.append(row);
    }
    at(...focus)?.setAttribute("tabindex", 0);
  };

  const enter = (i, j) => {
    at(...focus)?.setAttribute("tabindex", -1);
    focus = [i, j];
    at(i, j).setAttribute("tabindex", 0);
    at(i, j).focus();
  };

  const onKey = (event, i, j) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[event.key];
    if (event.target !== at(i, j)) return;
    if (move) {
      event.preventDefault();
      const [to, across] = [i + move[0], j + move[1]];
      if (at(to, across)) enter(to, across);
    } else if (onEdit && (event.key === "Enter" || /^[-−0-9.]$/.test(event.key))) {
      event.preventDefault();
      edit(i, j, event.key === "Enter" ? undefined : event.key.replace("−", "-"));
    }
  };

  // The cell becomes a field; Enter or leaving it takes the number, Escape drops it.
  const edit = (i, j, start) => {
    const cell = at(i, j);
    if (cell.querySelector("input")) return;
    const field = element("input", {
      type: "text", inputmode: "decimal", "aria-label": cell.getAttribute("aria-label"),
      value: start ?? String(values[i][j]),
    });
    let done = false;
    const close = (take) => {
      if (done) return;
      done = true;
      const value = numberFrom(field.value);
      const fits = value >= least && value <= most;
      field.remove();
      const limits = { least: number(least), most: number(most), value: number(values[i][j]) };
      refused.textContent = take && !fits ? fill(words.refused, limits) : "";
      if (take && fits) onEdit(i, j, value);
      else draw();
    };
    field.addEventListener("blur", () => close(true));
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") { close(true); at(i, j)?.focus(); }
      if (event.key === "Escape") { close(false); at(i, j)?.focus(); }
    });
    refused.textContent = "";
    cell.replaceChildren(field);
    field.focus();
    if (start === undefined) field.select();
    else field.setSelectionRange(start.length, start.length);
  };

  let marks = () => ({});
  let largest = 1;
  const draw = () => {
    for (let i = 0; i < shape[0]; i++) {
      for (let j = 0; j < shape[1]; j++) {
        const cell = at(i, j);
        if (cell.querySelector("input")) continue;
        const value = values[i][j];
        const { classes = [], small, veiled = false } = marks(i, j) ?? {};
        const share = Number.isFinite(value) ? Math.min(1, Math.abs(value) / largest) : 0;
        cell.className = ["cell", ...classes, onEdit ? "editable" : ""].join(" ").trim();
        cell.style.background = "";
        if (veiled) {
          cell.classList.add("veiled");
        } else if (!classes.includes("ring")) {
          const colour = value < 0 ? "var(--minus)" : "var(--plus)";
          cell.style.background =
            `color-mix(in srgb, ${colour} ${Math.round(share * 45)}%, var(--paper))`;
        }
        cell.replaceChildren(veiled ? "" : number(value));
        if (small !== undefined && !veiled) cell.append(element("span", { class: "small" }, small));
        const spoken = veiled ? words.notYet : number(value) + (small ?? "");
        cell.setAttribute("aria-label", fill(words.cell, { i, j, value: spoken }));
      }
    }
  };

  node.show = (matrix, options = {}) => {
    values = matrix;
    marks = options.marks ?? (() => ({}));
    const sizes = matrix.flat().filter(Number.isFinite).map(Math.abs);
    largest = options.largest ?? Math.max(1e-9, ...sizes);
    const [rows, columns] = [matrix.length, matrix[0]?.length ?? 0];
    if (rows !== shape[0] || columns !== shape[1]) rebuild(rows, columns);
    if (options.title) {
      heading.textContent = options.title;
      cells.setAttribute("aria-label", options.title);
    }
    draw();
  };
  node.focusOn = (i, j) => at(i, j)?.focus();
  return node;
}
