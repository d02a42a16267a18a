// What is known of everybody's mouth-to-ear delay: the figure now, the last minute, and at most one cure in
// plain words.

import { t } from "../../ui/text.js";
import { worstDelay } from "./diagnosis.js";

/** @typedef {import("../../shared/delay_parts.js").Figure} Figure */
/** @typedef {{talkerId: number, name: string, figure: Figure, history: readonly (number | null)[]}} Delay */

/** Figures come twice a second: a minute of them. */
export const HISTORY = 120;
/** Below this nobody hears a delay (ITU-T G.114), so no cure is offered. */
const HEARD_MS = 150;
/** A delay that moves by more than this from one moment to the next is heard even when it is short. */
const JUMP_MS = 60;

/** Where the trouble is, in the words of the cure. */
const CURES = /** @type {const} */ ({
  capture: "cureCapture",
  encode: "cureEncode",
  up: "cureTheirNetwork",
  relay: "cureServer",
  down: "cureYourNetwork",
  buffer: "cureYourNetwork",
  output: "cureOutput",
});

/** The delays of everybody else, with the last minute of each; null where a delay was unknown. */
export class Delays {
  /** @type {Map<number, (number | null)[]>} */
  #history = new Map();

  /**
   * Takes in what is known now; returns what to show of each of the others.
   * @param {[number, Figure][]} figures
   * @param {{talkerId: number, name: string}[]} others
   * @returns {Delay[]}
   */
  add(figures, others) {
    const before = this.#history;
    this.#history = new Map();
    const nameOf = new Map(others.map(({ talkerId, name }) => [talkerId, name]));
    return figures.map(([talkerId, figure]) => {
      const history = [...(before.get(talkerId) ?? []), figure.totalMs?.now ?? null].slice(-HISTORY);
      this.#history.set(talkerId, history);
      return { talkerId, name: nameOf.get(talkerId) ?? "", figure, history };
    });
  }
}

/**
 * All that may be said of somebody's delay.
 * @param {string} name
 */
export const allCures = (name) => [
  ...Object.values(CURES).map((cure) => t(cure, { name })),
  t("delayFine"),
  t("delayNothing"),
];

/**
 * One cure, only where people would hear the trouble: what it is, whose it is, what to do about it. Empty
 * where all is well.
 * @param {Delay} delay
 */
export function cureFor({ name, figure }) {
  const { totalMs } = figure;
  if (!totalMs || (totalMs.p50 <= HEARD_MS && totalMs.p95 - totalMs.p50 <= JUMP_MS)) return "";
  const trouble = worstDelay([[name, figure]]);
  return trouble ? t(CURES[trouble.part], { name }) : "";
}
