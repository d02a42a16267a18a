// How a mouth-to-ear delay is shown: a number, the last minute as a chart, and the parts as a bar.

import { fillIn } from "../ui/fill_in.js";
import { t } from "../ui/text.js";
import { PARTS } from "../worker/mouth_to_ear.js";
import { worstDelay } from "./diagnosis.js";

/** @typedef {import("../worker/mouth_to_ear.js").Figure} Figure */
/** @typedef {{talkerId: number, name: string, figure: Figure, history: readonly (number | null)[]}} Delay */

/** Figures come twice a second: a minute of them. */
const HISTORY = 120;
/** The least height of a chart, so that a calm line looks calm. */
const LEAST_SCALE_MS = 100;

/** What a part is called, and whose it is where it is the worst. */
const WORDS = /** @type {const} */ ({
  capture: { name: "partCapture", whose: "whoseCapture" },
  encode: { name: "partEncode", whose: "whoseEncode" },
  up: { name: "partUp", whose: "whoseUp" },
  relay: { name: "partRelay", whose: "whoseRelay" },
  down: { name: "partDown", whose: "whoseDown" },
  buffer: { name: "partBuffer", whose: "whoseBuffer" },
  output: { name: "partOutput", whose: "whoseOutput" },
});

/** What is shown of everybody's delay, with the last minute of each; null where it was unknown. */
export class Delays {
  /** @type {Map<number, (number | null)[]>} */
  #history = new Map();

  /**
   * Takes in what is known now; gives what to show of each of the others, and what is worst now in words.
   * @param {[number, Figure][]} figures
   * @param {import("./roster.js").Member[]} others
   * @returns {[Delay[], string]}
   */
  add(figures, others) {
    const before = this.#history;
    this.#history = new Map();
    const nameOf = new Map(others.map(({ talkerId, name }) => [talkerId, name]));
    const delays = figures.map(([talkerId, figure]) => {
      const history = [...(before.get(talkerId) ?? []), figure.totalMs?.now ?? null].slice(-HISTORY);
      this.#history.set(talkerId, history);
      return { talkerId, name: nameOf.get(talkerId) ?? "", figure, history };
    });
    return [delays, wordsForTrouble(worstDelay(delays.map(({ name, figure }) => [name, figure])))];
  }
}

/**
 * Fills in what a member's row has for it; nothing until a delay was known.
 * @param {HTMLElement} row
 * @param {Delay} delay
 */
export function showDelay(row, { name, figure, history }) {
  const ear = row.querySelector(".ear");
  if (!(ear instanceof HTMLDetailsElement)) return;
  if (figure.totalMs) ear.hidden = false;
  const words = numberOf(figure);
  fillIn(ear, ".delay", words);
  ear.querySelector("summary")?.setAttribute("aria-label", t("delayOf", { name, delay: words }));
  if (ear.open) describe(ear, figure, history);
}

/**
 * The whole in a few characters: "62 ms", "≥ 62 ms" where a part is unknown, "?" where nothing is known.
 * @param {Figure} figure
 */
function numberOf({ totalMs, complete }) {
  const ms = totalMs?.now;
  if (ms === null || ms === undefined) return t("delayUnknown");
  return t(complete ? "delayNow" : "delayAtLeast", { ms: Math.round(ms) });
}

/**
 * Everything that is known, drawn and in words: the whole, its parts, and how sure it is.
 * @param {HTMLElement} ear
 * @param {Figure} figure
 * @param {Delay["history"]} history
 */
function describe(ear, figure, history) {
  const { totalMs, errorMs, parts } = figure;
  const chart = ear.querySelector("canvas")?.getContext("2d");
  if (chart) drawChart(chart, history, getComputedStyle(ear).color);
  shares(figure).forEach((share, i) => {
    const bar = ear.querySelectorAll(".parts i")[i];
    if (bar instanceof HTMLElement) bar.style.flexGrow = share.toFixed(3);
  });
  const whole = totalMs && t("delayWhole", { p50: Math.round(totalMs.p50), p95: Math.round(totalMs.p95) });
  fillIn(ear, ".whole", whole ?? t("delayNothing"));
  PARTS.forEach((part, i) => fillIn(ear, `.legend li:nth-child(${i + 1})`, describePart(part, parts[part])));
  fillIn(ear, ".sure", errorMs === null ? "" : t("delayError", { ms: errorMs.toFixed(1) }));
}

/**
 * @param {import("../worker/mouth_to_ear.js").Part} part
 * @param {import("../worker/mouth_to_ear.js").PartFigure} figure
 */
function describePart(part, { status, ms }) {
  const name = t(WORDS[part].name);
  if (!ms) return t("partUnknown", { name });
  return t(status === "reported" ? "partReported" : "partMeasured", { name, ms: Math.max(0, ms.p50).toFixed(1) });
}

/**
 * What each part is of the whole, from 0 to 1; 0 where it is unknown.
 * @param {Figure} figure
 */
function shares({ parts }) {
  const known = PARTS.map((part) => Math.max(0, parts[part].ms?.p50 ?? 0));
  const whole = known.reduce((sum, ms) => sum + ms, 0);
  return known.map((ms) => (whole > 0 ? ms / whole : 0));
}

/** @param {import("./diagnosis.js").Trouble | null} trouble */
function wordsForTrouble(trouble) {
  if (!trouble) return "";
  const { name, part, kind, ms } = trouble;
  return t(kind === "spikes" ? "worstSpikes" : "worstSlow", { what: t(WORDS[part].whose, { name }), ms: Math.round(ms) });
}

/**
 * Draws the last minute, newest at the right; where the delay was unknown the line is broken.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly (number | null)[]} history
 * @param {string} colour
 */
function drawChart(context, history, colour) {
  const { width, height } = context.canvas;
  const scale = height / Math.max(LEAST_SCALE_MS, ...history.map((ms) => ms ?? 0));
  context.clearRect(0, 0, width, height);
  context.strokeStyle = colour;
  context.lineWidth = 3;
  context.beginPath();
  let drawing = false;
  history.forEach((ms, i) => {
    const x = width - ((history.length - i) * width) / HISTORY;
    if (ms === null) drawing = false;
    else if (drawing) context.lineTo(x, height - ms * scale);
    else {
      context.moveTo(x, height - ms * scale);
      drawing = true;
    }
  });
  context.stroke();
}
