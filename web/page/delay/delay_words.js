// A mouth-to-ear delay in words that anybody understands: milliseconds, metres of air, and how fast that is.

import { t } from "../../ui/text.js";

/** @typedef {import("../../shared/delay_parts.js").Figure} Figure */
/** @typedef {"good" | "slow" | "very-slow" | "unknown"} Speed */
/**
 * `ms` is null where nothing is known; a lower bound where it is not `complete`. It is `errorMs` off at most.
 * @typedef {{ms: number | null, complete: boolean, errorMs: number}} Whole
 */

/** ITU-T G.114: below 150 ms nobody notices a delay; above 400 ms a conversation breaks down. */
const SLOW_MS = 150;
const VERY_SLOW_MS = 400;
/** Sound goes 343 m a second, in air at 20 °C. */
const METRES_PER_MS = 0.343;
/** A room's length is known to a metre; beyond that, five are near enough. */
const EXACT_METRES = 30;
const STEP_METRES = 5;
/** Up to here a figure stands alone. */
const EXACT_MS = 5;

/**
 * What a figure says of now.
 * @param {Figure} [figure] none where nothing is known
 * @returns {Whole}
 */
export function wholeOf(figure) {
  return {
    ms: figure?.totalMs?.now ?? null,
    complete: figure?.complete ?? false,
    errorMs: figure?.errorMs ?? 0,
  };
}

/** @param {number | null} ms @returns {Speed} */
export function speedOf(ms) {
  if (ms === null) return "unknown";
  if (ms <= SLOW_MS) return "good";
  return ms <= VERY_SLOW_MS ? "slow" : "very-slow";
}

const SLOW = /** @type {const} */ ({ slow: "slow", "very-slow": "verySlow" });

/**
 * "62 ms", "slow · 212 ms", "…"; with "≈" where it is not exact, with "≥" where a part is unknown.
 * @param {Whole} whole
 */
export function pillOf(whole) {
  const speed = speedOf(whole.ms);
  const label = speed === "slow" || speed === "very-slow" ? t(SLOW[speed]) : "";
  const figure = isExact(whole) ? figureOf(whole) : `≈ ${figureOf(whole)}`;
  return { label, figure, words: label ? `${label} · ${figure}` : figure, speed };
}

/** @param {Whole} whole */
export function figureOf({ ms, complete }) {
  if (ms === null) return "…";
  return t(complete ? "delayNow" : "delayAtLeast", { ms: Math.round(ms) });
}

/**
 * What stands below it: "like 21 m of air"; "± 9 ms" where it is not exact.
 * @param {Whole} whole
 */
export function remarkOf(whole) {
  if (whole.ms === null) return "";
  return isExact(whole)
    ? t("likeAir", { metres: metresOf(whole.ms) })
    : `± ${t("delayNow", { ms: Math.round(whole.errorMs) })}`;
}

/** @param {Whole} whole */
export function spokenDelay({ ms, complete }) {
  if (ms === null) return "";
  return t(complete ? "delaySpoken" : "delaySpokenAtLeast", { ms: Math.round(ms) });
}

/** @param {Whole} whole a lower bound, and nothing, are exact, too */
const isExact = ({ ms, complete, errorMs }) => ms === null || !complete || errorMs <= EXACT_MS;

/** @param {number} ms */
export function metresOf(ms) {
  const metres = ms * METRES_PER_MS;
  return metres <= EXACT_METRES ? Math.round(metres) : STEP_METRES * Math.round(metres / STEP_METRES);
}
