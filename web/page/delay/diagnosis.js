// What is worst right now, so that one sentence can say it. Twin of client/delay/diagnosis.py.

import { PARTS } from "../../shared/delay_parts.js";

/** @typedef {import("../../shared/delay_parts.js").Part} Part */
/** @typedef {{name: string, part: Part, kind: "spikes" | "slow", ms: number}} Trouble */

/** p95 − p50: more than a jitter buffer can take without anybody noticing. */
const SPIKE_MS = 30;

/** What a part may take (p50) before it is worth a word. @type {Record<Part, number>} */
const USUAL_MS = { capture: 40, encode: 25, up: 20, relay: 10, down: 20, buffer: 80, output: 60 };

/** Where spikes come from; the jitter buffer only answers them. @type {Set<Part>} */
const NETWORK = new Set(["encode", "up", "relay", "down"]);

/**
 * Of all talkers, by name; null where all is well.
 * @param {[string, import("../../shared/delay_parts.js").Figure][]} figures
 * @returns {Trouble | null}
 */
export function worstDelay(figures) {
  let most = 0;
  let found = null;
  for (const [over, trouble] of figures.flatMap(([name, figure]) => troubles(name, figure))) {
    if (over <= most) continue;
    most = over;
    found = trouble;
  }
  return found;
}

/**
 * @param {string} name
 * @param {import("../../shared/delay_parts.js").Figure} figure
 * @returns {[number, Trouble][]}
 */
function troubles(name, figure) {
  /** @type {[number, Trouble][]} */
  const found = [];
  for (const part of PARTS) {
    const { ms } = figure.parts[part];
    if (!ms) continue;
    found.push([ms.p50 - USUAL_MS[part], { name, part, kind: "slow", ms: ms.p50 }]);
    const spikeMs = ms.p95 - ms.p50;
    if (NETWORK.has(part)) found.push([spikeMs - SPIKE_MS, { name, part, kind: "spikes", ms: spikeMs }]);
  }
  return found;
}
