// Changes of an audio context, one after the other: browsers lose one that comes in the middle of another.
// Told to go on while it moves to another loudspeaker, Chromium may stay on the old one for good.

/**
 * @typedef {Pick<AudioContext, "suspend" | "resume">
 *   & {setSinkId?: (id: string) => Promise<void>}} Context
 */

export class ContextChanges {
  #context;
  #count = 0;
  /** @type {Promise<void>} */
  #done = Promise.resolve();

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
  }

  get areUnderWay() {
    return this.#count > 0;
  }

  suspend() {
    return this.#next(() => this.#context.suspend());
  }

  /**
   * @param {string} deviceId empty where the system is to choose; it goes on doing so where this one is gone
   */
  playOn(deviceId) {
    return this.#next(async () => this.#context.setSinkId?.(deviceId));
  }

  /** No other change waits for this one: browsers may wait for a press of a button first. */
  async resume() {
    while (this.areUnderWay) await this.#done;
    await this.#context.resume();
  }

  /** @param {() => Promise<void>} change */
  #next(change) {
    this.#count++;
    const nothing = () => {}; // the context is closed, or the device is gone
    this.#done = this.#done.then(change).catch(nothing).then(() => void this.#count--);
    return this.#done;
  }
}
