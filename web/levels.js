// How loud everybody is just now, for the meters: the loudest packet of each talker since the last look.

import { SILENCE_LEVEL } from "./packet.js";

/** @typedef {Record<number, number>} LevelOf −dBov by talker */

export class Levels {
  /** @type {LevelOf} */
  #loudest = {};
  #shown = "";

  /**
   * @param {number} talkerId
   * @param {number} level −dBov
   */
  heard(talkerId, level) {
    this.#loudest[talkerId] = Math.min(level, this.#loudest[talkerId] ?? SILENCE_LEVEL);
  }

  /**
   * The levels since the last look, null where they are as they were. Who is not in them is silent.
   * @returns {LevelOf | null}
   */
  look() {
    const levels = this.#loudest;
    this.#loudest = {};
    const now = JSON.stringify(levels);
    if (now === this.#shown) return null;
    this.#shown = now;
    return levels;
  }
}
