// The last minute of a delay: a line, a band from the 5th to the 95th percentile, an axis that grows by
// doubling.

import { quantile } from "../../shared/sliding_window.js";
import { createSvg } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { HISTORY } from "./delay_view.js";

/** In the units of the drawing. */
const LEFT = 34;
const RIGHT = 334;
const TOP = 8;
const BOTTOM = 96;
/** The least height of the axis: a calm line then looks calm. */
const LEAST_SCALE_MS = 100;
/** The band shows a stretch of so many figures: five seconds. */
const BAND_FIGURES = 10;

/**
 * @param {Element} svg
 * @param {readonly (number | null)[]} history newest last
 */
export function drawMinute(svg, history) {
  let scaleMs = LEAST_SCALE_MS;
  const most = Math.max(0, ...history.map((ms) => ms ?? 0));
  while (scaleMs < most) scaleMs *= 2;
  const y = (/** @type {number} */ ms) => BOTTOM - ((BOTTOM - TOP) * Math.min(ms, scaleMs)) / scaleMs;
  const x = (/** @type {number} */ i) => RIGHT - ((history.length - 1 - i) * (RIGHT - LEFT)) / (HISTORY - 1);
  const nodes = [0, scaleMs / 2, scaleMs].flatMap((ms) => [
    createSvg("line", { class: "axis", x1: LEFT, x2: RIGHT, y1: y(ms), y2: y(ms) }),
    label(String(ms), LEFT - 6, y(ms) + 4, "end"),
  ]);
  nodes.push(
    label(t("minuteAgo"), LEFT, BOTTOM + 18, "start"),
    label("30 s", (LEFT + RIGHT) / 2, BOTTOM + 18, "middle"),
    label(t("now"), RIGHT, BOTTOM + 18, "end"),
  );
  nodes.push(
    createSvg("path", { class: "band", d: bandOf(history, x, y) }),
    createSvg("path", { class: "line", d: lineOf(history, x, y) }),
  );
  const last = history.at(-1);
  if (typeof last === "number")
    nodes.push(createSvg("circle", { class: "now", cx: RIGHT, cy: y(last), r: 4 }));
  svg.replaceChildren(...nodes);
}

/** @typedef {(value: number) => number} Scale */

/**
 * Broken where the delay was unknown.
 * @param {readonly (number | null)[]} history
 * @param {Scale} x
 * @param {Scale} y
 */
function lineOf(history, x, y) {
  let path = "";
  history.forEach((ms, i) => {
    if (ms !== null)
      path += `${i === 0 || history[i - 1] === null ? "M" : "L"}${x(i).toFixed(1)} ${y(ms).toFixed(1)}`;
  });
  return path;
}

/**
 * @param {readonly (number | null)[]} history
 * @param {Scale} x
 * @param {Scale} y
 */
function bandOf(history, x, y) {
  /** @type {string[]} */
  const upper = [];
  /** @type {string[]} */
  const lower = [];
  for (let i = 0; i < history.length; i += BAND_FIGURES) {
    const known = history.slice(i, i + BAND_FIGURES).flatMap((ms) => ms ?? []).sort((a, b) => a - b);
    if (known.length === 0) continue;
    const at = x(Math.min(history.length - 1, i + BAND_FIGURES / 2)).toFixed(1);
    upper.push(`${at} ${y(quantile(known, 0.95)).toFixed(1)}`);
    lower.unshift(`${at} ${y(quantile(known, 0.05)).toFixed(1)}`);
  }
  return upper.length < 2 ? "" : `M${[...upper, ...lower].join("L")}Z`;
}

/**
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {"start" | "middle" | "end"} anchor
 */
function label(words, x, y, anchor) {
  const node = createSvg("text", { x, y, "text-anchor": anchor });
  node.textContent = words;
  return node;
}
