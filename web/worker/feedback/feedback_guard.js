// The guard against a howl: looks for it, and for devices that hear each other, which comes before. Runs in
// the worker.
//
// Music is never cut: a held note is all that a howl is, and one who plays wears headphones. Devices that
// hear each other are shown anyway.
//
// While it cuts, nothing is sent and nothing is played, so that what goes round dies out. Where it howls
// again soon, the next cut is twice as long.

import { FRAME_MS } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { CouplingDetector } from "./coupling_detector.js";
import { HowlDetector } from "./howl_detector.js";

/** A howl grows from audible to loud within a second; a look takes a millisecond. */
const LOOK_MS = 250;
/**
 * What goes round has died out after a second, in most rooms. Nobody is cut off for longer than 8 s at a
 * time.
 */
const FIRST_CUT_MS = 1_000;
const LONGEST_CUT_MS = 8_000;
const SOON_MS = 10_000;
/** How long a danger is shown after it was last found. */
const SHOWN_MS = 10_000;

/** @typedef {import("../../shared/messages.js").Feedback} Feedback */

/** A howl alone does not tell who it is. */
export const SOMEBODY = 0;

export class FeedbackGuard {
  #howl = new HowlDetector();
  #sameRoom = new CouplingDetector();
  #nowMs = 0;
  #cutMs = 0;
  #cutUntilMs = -Infinity;
  #shownUntilMs = -Infinity;
  /** @type {Feedback} */
  #danger = null;
  #cuts = false;
  #music = false;
  /** @type {(danger: Feedback) => void} */
  onDanger = () => {};
  /** @type {(cuts: boolean) => void} */
  onCut = () => {};

  get cuts() {
    return this.#cuts;
  }

  /** @param {boolean} music what the microphone hears is */
  set music(music) {
    if (music !== this.#music) this.reset();
    this.#music = music;
  }

  /**
   * Takes in the next frame of the microphone.
   * @param {Float32Array} frame
   */
  process(frame) {
    this.#nowMs += FRAME_MS;
    this.#sameRoom.process(levelOf(frame));
    if (!this.#music && this.#howl.process(frame) && !this.#cuts) this.#cut();
    if (this.#nowMs % LOOK_MS === 0) this.#look();
  }

  /** @param {import("../../shared/packet.js").Packet} packet that was received */
  onPacket(packet) {
    this.#howl.onPlayout(packet.level);
    this.#sameRoom.onPacket(packet);
  }

  /** @param {number} talkerId who is gone */
  remove(talkerId) {
    this.#sameRoom.remove(talkerId);
    if (this.#danger === talkerId) this.#show(null);
  }

  /** Everybody is gone, or the microphone hears nothing. */
  reset() {
    this.#howl = new HowlDetector();
    this.#sameRoom.clear();
    this.#cutMs = 0;
    this.#setCuts(false);
    this.#show(null);
  }

  #cut() {
    const soon = this.#nowMs - this.#cutUntilMs < SOON_MS;
    this.#cutMs = soon ? Math.min(LONGEST_CUT_MS, 2 * this.#cutMs) : FIRST_CUT_MS;
    this.#cutUntilMs = this.#nowMs + this.#cutMs;
    this.#setCuts(true);
    this.#show(this.#danger ?? SOMEBODY);
  }

  #look() {
    if (this.#nowMs >= this.#cutUntilMs) this.#setCuts(false);
    const [talkerId] = this.#sameRoom.look();
    if (talkerId) this.#show(talkerId);
    else if (this.#nowMs >= this.#shownUntilMs) this.#show(null);
  }

  /** @param {boolean} cuts */
  #setCuts(cuts) {
    if (cuts === this.#cuts) return;
    this.#cuts = cuts;
    this.onCut(cuts);
  }

  /** @param {Feedback} danger */
  #show(danger) {
    this.#shownUntilMs = this.#nowMs + SHOWN_MS;
    if (danger === this.#danger) return;
    this.#danger = danger;
    this.onDanger(danger);
  }
}
