// What a link needs of the world, and how a browser has it.

/** A question to the relay that hangs for so long is not answered any more. */
const PATIENCE_MS = 3_000;

/**
 * @typedef {object} Surroundings a test gives its own
 * @property {(url: string, protocol: string) => WebSocket} open
 * @property {(url: string) => Promise<{json(): Promise<any>}>} fetch
 * @property {(call: () => void, ms: number) => number} later
 * @property {(timer: number) => void} cancel
 * @property {() => number} random
 * @property {() => number} nowMs by a clock that goes on while the device sleeps
 */

/** @type {Surroundings} */
export const SURROUNDINGS = {
  open: (url, protocol) => new WebSocket(url, protocol),
  fetch: (url) => fetch(url, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }),
  later: (call, ms) => setTimeout(call, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
  nowMs: () => Date.now(),
};
