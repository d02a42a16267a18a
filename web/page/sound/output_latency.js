// How much sound the loudspeaker is handed at a time: the least, until the browser is too busy to hand it
// over in time, and silence is heard instead; then 10 ms, which is heard later. When the device has been calm
// for a while, the least again. docs/measurements.md has what both lose beside other work.

const LEAST_S = 0;
const SAFE_S = 0.01;
const WINDOW_MS = 10_000;
/** 2 %. By the E-model (ITU-T G.107), losing 1 % already costs a listener more than 40 ms of delay do. */
const MOST_LACK_MS = 200;
const CALM_MS = 20;
/** The context stood still: it rested, or moved to another loudspeaker. */
const STOOD_STILL_MS = 150;
const PATIENCE_MS = 60_000;
const MOST_PATIENCE_MS = 16 * PATIENCE_MS;

/** @typedef {import("../../shared/messages.js").Sounded} Sounded */

export class OutputLatency {
  /** What is wanted now. */
  seconds = LEAST_S;
  /** @type {Sounded | null} */
  #last = null;
  /** How much sound was lacking before each reading. @type {{atMs: number, ms: number}[]} */
  #lacks = [];
  #changedMs = -Infinity;
  #patienceMs = PATIENCE_MS;

  /**
   * @param {Sounded} sounded the next reading, of the context that is used now
   * @returns {boolean} whether another latency is wanted from now on
   */
  look(sounded) {
    const last = this.#last ?? sounded;
    this.#last = sounded;
    const ms = sounded.atMs - last.atMs - 1000 * (sounded.at - last.at);
    this.#lacks.push({ atMs: sounded.atMs, ms: Math.abs(ms) > STOOD_STILL_MS ? 0 : ms });
    if (this.#lacks[0].atMs >= sounded.atMs - WINDOW_MS) return false;
    this.#lacks.shift();
    const lackMs = this.#lacks.reduce((sum, each) => sum + each.ms, 0);
    const isLong = sounded.atMs - this.#changedMs > this.#patienceMs;
    const changes = this.seconds === LEAST_S ? lackMs > MOST_LACK_MS : isLong && lackMs < CALM_MS;
    if (!changes) return false;
    // one that had to be taken back soon is not tried soon again
    if (this.seconds === LEAST_S)
      this.#patienceMs = isLong ? PATIENCE_MS : Math.min(2 * this.#patienceMs, MOST_PATIENCE_MS);
    this.seconds = this.seconds === LEAST_S ? SAFE_S : LEAST_S;
    this.#changedMs = sounded.atMs;
    this.#last = null;
    this.#lacks = [];
    return true;
  }
}
