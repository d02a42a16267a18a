// The parts of a mouth-to-ear delay, in the order of the way, and what is known of each.
// client/delay/mouth_to_ear.py says how.

/** @typedef {"capture" | "encode" | "up" | "relay" | "down" | "buffer" | "output"} Part */
/** @typedef {"measured" | "reported" | "unknown"} Status */
/** @typedef {import("./sliding_window.js").Quantiles} Quantiles */
/** @typedef {{status: Status, ms: Quantiles | null}} PartFigure */

/**
 * `totalMs` is null where nothing is known, and only a lower bound where it is not `complete`; `errorMs` is
 * how far it can be off. What devices report is believed, as far as it does not contradict itself.
 * @typedef {{totalMs: Quantiles | null, complete: boolean, errorMs: number
 *   | null, parts: Record<Part, PartFigure>}} Figure
 */

/** @type {readonly Part[]} */
export const PARTS = ["capture", "encode", "up", "relay", "down", "buffer", "output"];
