// How loud each of the others is for this listener alone, kept by name for the next time.

import { parseKept } from "../ui/storage.js";

/** `volume` is 1 for a voice as it came. @typedef {{volume: number, muted: boolean}} Volume */

export const LOUDEST = 1.5;
const MOST_NAMES = 100;
const AS_IT_CAME = Object.freeze({ volume: 1, muted: false });

export class Volumes {
  /** @type {Map<string, Volume>} what was changed last is last */
  #of = new Map();

  /**
   * @param {string} text of `serialize`; whatever else it is, nobody is turned up or down
   */
  static parse(text) {
    const volumes = new Volumes();
    for (const [name, kept] of Object.entries(parseKept(text))) {
      const { volume, muted } = Object(kept);
      if (typeof volume === "number") volumes.set(name, { volume, muted: muted === true });
    }
    return volumes;
  }

  serialize() {
    return JSON.stringify(Object.fromEntries(this.#of));
  }

  /** @param {string} name */
  of(name) {
    return this.#of.get(name) ?? AS_IT_CAME;
  }

  /**
   * What to multiply the samples by: the square, since ears hear ratios.
   * @param {string} name
   */
  gainOf(name) {
    const { volume, muted } = this.of(name);
    return muted ? 0 : volume ** 2;
  }

  /**
   * @param {string} name
   * @param {Volume} wanted
   */
  set(name, { volume, muted }) {
    this.#of.delete(name);
    if (volume === AS_IT_CAME.volume && !muted) return;
    this.#of.set(name, { volume: Math.min(LOUDEST, Math.max(0, volume)), muted });
    for (const oldest of [...this.#of.keys()].slice(0, -MOST_NAMES)) this.#of.delete(oldest);
  }
}
