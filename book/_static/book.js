// What the pages need beyond the theme: MathJax's settings, formulas that scroll by keyboard, and
// a search that stays quiet where a page was opened from a folder.
"use strict";

function markWideFormulas() {
  for (const box of document.querySelectorAll("mjx-container")) {
    const column = box.closest("p, li, dd, td, th, figcaption, div");
    const drawn = box.querySelector("svg");
    if (!drawn || !column) continue;
    const room = box.hasAttribute("display") ? box.clientWidth : column.clientWidth;
    const wide = drawn.getBoundingClientRect().width > room + 1;
    box.classList.toggle("wide", wide);
    // A box that scrolls has to be reachable by keyboard.
    if (wide) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

window.MathJax = {
  options: {
    // The menu and the explorer would load further files.
    enableMenu: false,
  },
  // An unknown command is an error that the tests see, not a word in red.
  tex: { packages: { "[-]": ["noundefined", "noerrors"] } },
  svg: { fontCache: "global" },
  startup: {
    // Sphinx marks what is a formula; nothing else on the page is one.
    elements: [".math"],
    pageReady: () => MathJax.startup.defaultPageReady().then(markWideFormulas),
  },
};

window.addEventListener("resize", markWideFormulas);

document.addEventListener("DOMContentLoaded", () => {
  if (/^(Mac|iPhone|iPad)/.test(navigator.platform)) {
    for (const keys of document.querySelectorAll(".search-keys")) keys.dataset.keys = "⌘ K";
  }
  // Excerpts in the search results are fetched from the pages; browsers refuse that from a folder.
  if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
    DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  }
});
