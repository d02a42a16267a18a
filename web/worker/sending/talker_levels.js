// How loud everybody is just now, for the meters: the loudest packet of each talker, and whether any of them
// carried a voice.
//
// Who begins or ends to talk is told at the next look. How loud they are is told at every second one: each
// time costs a phone a drawing of the page.

import { NOTHING_HEARD } from "../../shared/audio_level.js";

/** @typedef {import("../../shared/messages.js").Heard} Heard */
/** @typedef {import("../../shared/messages.js").LevelOf} LevelOf */

export class TalkerLevels {
  /** @type {LevelOf} */
  #loudest = {};
  #shown = "";
  #talking = "";
  #waits = false;

  /**
   * @param {number} talkerId
   * @param {Heard} heard
   */
  update(talkerId, { level, voice }) {
    const before = this.#loudest[talkerId] ?? NOTHING_HEARD;
    this.#loudest[talkerId] = { level: Math.min(level, before.level), voice: voice || before.voice };
  }

  /**
   * The levels since those that were told last, null where there is nothing to tell. A talker that is missing
   * is silent.
   * @returns {LevelOf | null}
   */
  look() {
    const levels = this.#loudest;
    const talking = Object.keys(levels).filter((talkerId) => levels[Number(talkerId)].voice).join();
    this.#waits = talking === this.#talking && !this.#waits;
    if (this.#waits) return null;
    this.#talking = talking;
    this.#loudest = {};
    const now = JSON.stringify(levels);
    if (now === this.#shown) return null;
    this.#shown = now;
    return levels;
  }
}
