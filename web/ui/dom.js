// A page's elements: found by id, filled with words, icons and levels.

import { meterOf } from "../shared/audio_level.js";
import { language, t } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
/** More steps than anybody sees on a bar of 7 rem; fewer repaints than there are levels. */
const METER_STEPS = 50;

/**
 * @template {Element} E
 * @param {string} id
 * @param {new () => E} kind
 * @returns {E}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * @template {Element} E
 * @param {ParentNode} inside
 * @param {string} selector
 * @param {new () => E} kind
 * @returns {E}
 */
export function find(inside, selector, kind) {
  const found = inside.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`there is no ${kind.name} ${selector}`);
  return found;
}

/**
 * Fills in what never changes: the language, and the words of every element that names them by `data-text`.
 */
export function fillFixedWords() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = t(/** @type {import("./text.js").Key} */ (node.getAttribute("data-text")));
  }
}

/**
 * Changes a text only where it differs: a screen reader repeats nothing, and nothing is laid out again.
 * @param {Element | null} node
 * @param {string} words
 */
export function setText(node, words) {
  if (node && node.textContent !== words) node.textContent = words;
}

/**
 * @param {ParentNode} inside
 * @param {string} selector of what in it has the words
 * @param {string} words
 */
export function fillIn(inside, selector, words) {
  setText(inside.querySelector(selector), words);
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function create(tag, className = "", ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
export function createSvg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/** @param {string} name of a symbol in icons/symbols.svg */
export function icon(name) {
  const svg = createSvg("svg", { class: "icon", "aria-hidden": "true" });
  svg.append(createSvg("use", { href: symbol(name) }));
  return svg;
}

/**
 * @param {ParentNode} inside whose first icon becomes another one
 * @param {string} name
 */
export function setIcon(inside, name) {
  const use = inside.querySelector("use");
  if (use) setAttribute(use, "href", symbol(name));
}

/** @param {string} name */
const symbol = (name) => `icons/symbols.svg#${name}`;

/**
 * Moves a level's bar by a transform, so that no other part of the page is laid out or painted again.
 * @param {ParentNode | null | undefined} node what the meter is in
 * @param {number} level −dBov
 */
export function showMeter(node, level) {
  const meter = node instanceof HTMLElement && node.matches(".meter") ? node : node?.querySelector(".meter");
  const bar = meter?.firstElementChild;
  if (!(bar instanceof HTMLElement)) return;
  const share = Math.round(METER_STEPS * meterOf(level)) / METER_STEPS;
  const clip = `translateX(${100 * share - 100}%)`;
  if (bar.style.transform !== clip) bar.style.transform = clip;
}
