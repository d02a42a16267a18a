// How long our packets last: asks the rules (packet_length.js) ten times a second, and tells what they change. Runs in the worker.

import { DURATION_UNIT_SAMPLES } from "../shared/audio_format.js";
import { PacketLength } from "./packet_length.js";

/** What waits in the socket of this device: 120 ms of music, which a desktop client would drop. */
const MOST_WAITING_BYTES = 4_096;
/** What works on whole frames of 10 ms. */
const WHOLE_FRAMES = 4;

/**
 * What it needs of the worker.
 * @typedef {object} Means
 * @property {(samples: number) => void} setSamples of a packet, from the next one on
 * @property {() => {members: number, waitingBytes: number, pieceUnits: number, needsFrames: boolean}} situation
 * @property {(packets: import("../shared/messages.js").OwnPackets) => void} onChange
 */

export class OwnPackets {
  #means;
  #length = new PacketLength();
  #told = "";
  overHttp = false;

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
  }

  /**
   * Tells in any case what it comes to.
   * @param {number} units chosen, in 2.5 ms
   * @param {number} nowMs
   */
  choose(units, nowMs) {
    this.#length.want(units);
    this.#told = "";
    this.look(nowMs);
  }

  /**
   * @param {number | null} roundTripUs
   * @param {number} nowMs
   */
  onPong(roundTripUs, nowMs) {
    if (roundTripUs !== null) this.#length.noteRoundTrip(nowMs, roundTripUs);
  }

  /**
   * The relay asks for longer ones.
   * @param {number} nowMs
   */
  onCrowded(nowMs) {
    this.#length.noteTrouble(nowMs);
  }

  /** @param {number} nowMs */
  look(nowMs) {
    const { members, waitingBytes, pieceUnits, needsFrames } = this.#means.situation();
    if (waitingBytes > MOST_WAITING_BYTES) this.#length.noteTrouble(nowMs);
    this.#length.look(nowMs, { members, least: needsFrames ? WHOLE_FRAMES : pieceUnits, overHttp: this.overHttp });
    const { units, why } = this.#length;
    const told = `${units} ${why}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#means.setSamples(units * DURATION_UNIT_SAMPLES);
    this.#means.onChange({ units, why });
  }
}
