// What came of one check, and the words for it: what was found, or the cure.

/** @typedef {"passes" | "fails" | "unknown"} VerdictState */
/** @typedef {{state: VerdictState, words: string}} Verdict */

/**
 * @param {string} words
 * @returns {Verdict}
 */
export const passes = (words) => ({ state: "passes", words });

/**
 * @param {string} words
 * @returns {Verdict}
 */
export const fails = (words) => ({ state: "fails", words });

/**
 * @param {string} words why there is no answer
 * @returns {Verdict}
 */
export const unknown = (words) => ({ state: "unknown", words });
