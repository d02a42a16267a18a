// How loud each of the others is for this listener alone, kept by name for the next time. The worker applies
// it.

import { load, parseKept, save } from "../../ui/storage.js";

/** `volume` is 1 for a voice as it came. @typedef {{volume: number, muted: boolean}} Volume */

export const LOUDEST = 1.5;
/** A browser's storage is not for phone books. */
const MOST_NAMES = 100;
const AS_IT_CAME = Object.freeze({ volume: 1, muted: false });

export class Volumes {
  #order;
  /** @type {Map<string, Volume>} what was changed last is last */
  #of = new Map();

  /**
   * @param {(order: import("../../shared/messages.js").Order) => void} order to the worker
   * @param {string} [kept] what was kept; whatever else it is, nobody is turned up or down
   */
  constructor(order, kept = load("volumes")) {
    this.#order = order;
    for (const [name, one] of Object.entries(parseKept(kept))) {
      const { volume, muted } = Object(one);
      if (typeof volume === "number") this.#keep(name, { volume, muted: muted === true });
    }
    order({
      type: "setGains",
      gains: Object.fromEntries([...this.#of.keys()].map((name) => [name, this.#gainOf(name)])),
    });
  }

  /** @param {string} name */
  of(name) {
    return this.#of.get(name) ?? AS_IT_CAME;
  }

  /**
   * @param {string} name
   * @param {Volume} wanted
   */
  set(name, wanted) {
    this.#keep(name, wanted);
    save("volumes", JSON.stringify(Object.fromEntries(this.#of)));
    this.#order({ type: "setGain", name, gain: this.#gainOf(name) });
  }

  /**
   * @param {string} name
   * @param {Volume} wanted
   */
  #keep(name, { volume, muted }) {
    this.#of.delete(name);
    if (volume === AS_IT_CAME.volume && !muted) return;
    this.#of.set(name, { volume: Math.min(LOUDEST, Math.max(0, volume)), muted });
    for (const oldest of [...this.#of.keys()].slice(0, -MOST_NAMES)) this.#of.delete(oldest);
  }

  /** @param {string} name */
  #gainOf(name) {
    const { volume, muted } = this.of(name);
    return muted ? 0 : gainOf(volume);
  }
}

/**
 * What to multiply the samples by: the square, since ears hear ratios. At half the volume that is −12 dB.
 * Twin of client/volume.py.
 * @param {number} volume
 */
export function gainOf(volume) {
  return volume ** 2;
}
