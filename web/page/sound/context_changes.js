// Changes of an audio context, one after the other: browsers lose one that comes in the middle of another.
// Told to go on while it moves to another loudspeaker, Chromium may stay on the old one for good.

/**
 * @typedef {Pick<AudioContext, "suspend" | "resume">
 *   & {setSinkId?: (id: string) => Promise<void>}} Context
 */

export class ContextChanges {
  #context;
  /** @type {Promise<void>} */
  #done = Promise.resolve();
  #suspends = 0;
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

  /**
   * Does nothing if `suspend` is called while this waits. No other change waits for this one: browsers may
   * wait for a press of a button first.
   */
  async resume() {
    const suspends = this.#suspends;
    while (this.underWay) await this.#done;
    if (suspends === this.#suspends) await this.#context.resume();
  }

  /** @param {() => Promise<void> | undefined} change */
  #next(change) {
    this.underWay++;
    this.#done = this.#done
      .then(change)
      .catch(() => {}) // the context is closed, or the device is gone
      .finally(() => this.underWay--);
    return this.#done;
  }
}
