// How loud everybody is just now, for the meters: the loudest packet of each talker since the last look, and whether any
// of them carried a voice.

import { NOTHING_HEARD } from "../shared/messages.js";

/** @typedef {import("../shared/messages.js").Heard} Heard */
/** @typedef {import("../shared/messages.js").LevelOf} LevelOf */

export class TalkerLevels {
  /** @type {LevelOf} */
  #loudest = {};
  #shown = "";

  /**
   * @param {number} talkerId
   * @param {Heard} heard
   */
  heard(talkerId, { level, voice }) {
    const before = this.#loudest[talkerId] ?? NOTHING_HEARD;
    this.#loudest[talkerId] = { level: Math.min(level, before.level), voice: voice || before.voice };
  }

  /**
   * The levels since the last look, null where they are as they were. A talker that is missing is silent.
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
