// A page's fixed elements, by their ids, and their fixed words.

import { language, t } from "./text.js";

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/** Fills in what never changes: the language, and the words of every element that names them by `data-text`. */
export function sayFixedWords() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = t(/** @type {import("./text.js").Key} */ (node.getAttribute("data-text")));
  }
}
