// When the others get what the microphone hears: while somebody talks, or while the button says so. Either
// way a tail follows, so that no last syllable is cut, and pauses within what one says stay as they are.

import { VoiceActivityDetector } from "./voice_activity.js";

/** @typedef {import("../../shared/messages.js").TransmitMode} Mode */

export const TAIL_FRAMES = Object.freeze({ free: 80, button: 15, open: 1 });

export class TransmitGate {
  #activity = new VoiceActivityDetector();
  /** @type {Mode} */
  #mode = "free";
  #tail = 0;
  /** Nothing passes, not even a tail. */
  muted = false;
  /** The button is. */
  pressed = false;
  /** What passed last had a voice in it. */
  voice = false;
  /** What was heard last had a voice in it, whether it passed or not. */
  hearsVoice = false;

  /** A tail belongs to the mode it began in. @param {Mode} mode */
  set mode(mode) {
    if (mode !== this.#mode) this.#tail = 0;
    this.#mode = mode;
  }

  /** Whether what comes before the next whole frame passes. */
  get isPassing() {
    return (
      !this.muted && (this.#tail > 0 || this.#mode === "open" || (this.#mode === "button" && this.pressed))
    );
  }

  /**
   * Whether the next frame passes.
   * @param {number} level −dBov
   */
  passes(level) {
    const heard = this.#activity.process(level);
    this.#tail = this.#wanted(heard) ? TAIL_FRAMES[this.#mode] : Math.max(0, this.#tail - 1);
    if (this.muted) this.#tail = 0;
    this.hearsVoice = heard;
    this.voice = heard && this.#tail > 0;
    return this.#tail > 0;
  }

  /** @param {boolean} heard */
  #wanted(heard) {
    if (this.#mode === "free") return heard;
    return this.#mode === "open" || this.pressed;
  }
}
