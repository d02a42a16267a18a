// Changes of an audio context, one after the other: browsers lose one that comes in the middle of another.
// Told to go on while it moves to another loudspeaker, Chromium may stay on the old one for good; on a busy
// device, a resume takes its time, too. Told to move in the very task in which a context's first move ended,
// it begins twice: the context says that it runs, and stands still for good.

import { sleep } from "../../shared/sleep.js";

/** Longer than a resume takes; one that waits for a press of a button takes for ever, and does no harm. */
const RESUMES_MS = 1_000;

/** Longer than a loudspeaker takes to start. */
const STARTS_MS = 2_000;

/**
 * @typedef {Pick<AudioContext, "suspend" | "resume" | "state" | "currentTime">
 *   & {setSinkId?: (id: string) => Promise<void>}} Context
 */

export class ContextChanges {
  #context;
  /** @type {Promise<void>} */
  #done = Promise.resolve();
  /** @type {Promise<void>} */
  #resumed = Promise.resolve();
  #suspends = 0;
  #time = 0;
  #wentOnMs = 0;
  /** How many there are. */
  underWay = 0;

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
  }

  suspend() {
    this.#suspends++;
    return this.#next(() => this.#context.suspend());
  }

  /**
   * @param {string} deviceId empty where the system is to choose; it goes on doing so where this one is gone
   */
  playOn(deviceId) {
    return this.#next(() => this.#context.setSinkId?.(deviceId));
  }

  /** Does nothing if `suspend` is called while this waits, or where the context runs. */
  async resume() {
    const suspends = this.#suspends;
    while (this.underWay) await this.#done;
    if (suspends !== this.#suspends || this.#context.state === "running") return;
    const resumed = this.#context.resume();
    this.#resumed = Promise.race([resumed.catch(() => {}), sleep(RESUMES_MS)]);
    await resumed;
  }

  /** Restarts a context that stands still although it says that it runs; to be called now and then. */
  unstick() {
    const { currentTime, state } = this.#context;
    const now = performance.now();
    if (currentTime !== this.#time || state !== "running" || this.underWay) this.#wentOnMs = now;
    this.#time = currentTime;
    if (now - this.#wentOnMs < STARTS_MS) return;
    this.#wentOnMs = now;
    this.suspend();
    this.resume().catch(() => {});
  }

  /** @param {() => Promise<void> | undefined} change */
  #next(change) {
    this.underWay++;
    this.#done = this.#done
      .then(() => this.#resumed)
      .then(change)
      .catch(() => {}) // the context is closed, or the device is gone
      .then(() => sleep(0)) // the next one in a task of its own
      .finally(() => this.underWay--);
    return this.#done;
  }
}
