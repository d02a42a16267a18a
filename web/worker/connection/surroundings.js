// What a link needs of the world, and how a browser has it.

import { SteadyClock } from "./steady_clock.js";

/** A request to the relay that takes longer than this has failed. */
const PATIENCE_MS = 3_000;

/** As random as a relay's. */
const TOKEN_BYTES = 16;

/**
 * @typedef {object} Surroundings a test gives its own
 * @property {(url: string, protocol: string) => WebSocket} open
 * @property {(url: string) => Promise<{status: number, json(): Promise<any>}>} fetch what the relay says to a
 *   socket of this address
 * @property {(url: string, options: RequestInit) => Promise<Response>} request of a leg that runs over plain
 *   HTTP
 * @property {(call: () => void, ms: number) => number} later
 * @property {(timer: number) => void} cancel
 * @property {() => number} random
 * @property {() => string} token that nobody guesses
 * @property {() => number} nowMs by a clock that goes on while the device sleeps, and never goes back
 */

const clock = new SteadyClock();

/** @type {Surroundings} */
export const SURROUNDINGS = {
  open: (url, protocol) => new WebSocket(url, protocol),
  // POST: a browser names the page's origin with it, as with a socket, and the relay decides by that; with
  // GET it doesn't
  fetch: (url) => fetch(url, { method: "POST", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) }),
  request: (url, options) => fetch(url, { ...options, cache: "no-store" }),
  later: (call, ms) => setTimeout(call, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
  token: () =>
    Array.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(""),
  nowMs: () => clock.nowMs(),
};

/**
 * Why a socket does not open: the relay's own words, where it can be reached.
 * @param {Surroundings} surroundings
 * @param {string} url of the socket
 */
export async function refusalOf(surroundings, url) {
  try {
    return await reasonOf(await surroundings.fetch(url.replace(/^ws/, "http")));
  } catch {
    return { error: "unreachable", message: "" };
  }
}

/**
 * What the relay says, or that somebody else answers in its place: a proxy whose relay is not there, or
 * another server.
 * @param {{status: number, json(): Promise<any>}} answer
 * @returns {Promise<{error: string, message: string}>}
 */
export async function reasonOf(answer) {
  const { error, message } = Object(await answer.json().catch(() => null));
  if (typeof error !== "string") return { error: "noRelay", message: String(answer.status) };
  return { error, message: typeof message === "string" ? message : "" };
}
