// Strong noise suppression of what the microphone hears, as long as somebody wants it: switched on and off in
// the middle of a word without a step.
//
// The plan. The library is loaded with the first voice that asks for it; until it is there, and where it
// can't be had, the voice goes on as it is. A suppressor first hears some frames that nobody gets of it, then
// one frame goes over from the one to the other. What is suppressed is late by `lateSamples`, which belongs
// in the mouth-to-ear delay. Music goes through as it is.

import { SAMPLES_PER_FRAME } from "../../shared/audio_format.js";
import { isSound } from "../../shared/audio_level.js";

/** 50 ms: its first frames are silent, and its next ones still learn. */
export const WARM_UP_FRAMES = 5;
/** Half of the time that a frame has: encoder and socket need the rest. */
const SLOW_MS = 5;
/**
 * 2 s: one look at whether the device keeps up. A busy moment is not yet a slow device, so most frames have
 * to be slow.
 */
const LOOK_FRAMES = 200;

/**
 * @typedef {Pick<import("./noise_suppressor.js").NoiseSuppressor, "delaySamples" | "process"
 *   | "free">} Suppressor
 */
/**
 * Why a voice goes on with its noise.
 * @typedef {import("../../shared/messages.js").SuppressionTrouble} Trouble
 */

export class StrongSuppression {
  #load;
  #nowMs;
  #wanted = false;
  #loading = false;
  /** @type {(() => Suppressor) | null} */
  #make = null;
  /** @type {Suppressor | null} */
  #suppressor = null;
  #warmedUp = 0;
  #isHeard = false;
  #looked = 0;
  #slow = 0;
  /** @type {(trouble: Trouble) => void} it has switched itself off */
  onTrouble = () => {};

  /**
   * @param {() => Promise<() => Suppressor>} load
   * @param {() => number} nowMs
   */
  constructor(load, nowMs) {
    this.#load = load;
    this.#nowMs = nowMs;
  }

  /** @param {boolean} on */
  switch(on) {
    this.#wanted = on;
  }

  get isWanted() {
    return this.#wanted;
  }

  /** How much later than the microphone's is what `process` gave last. */
  get lateSamples() {
    return this.#isHeard && this.#suppressor ? this.#suppressor.delaySamples : 0;
  }

  /**
   * The voice without noise, where that is wanted and possible; else as it is.
   * @param {Float32Array} samples a frame from the microphone
   */
  process(samples) {
    if (samples.length !== SAMPLES_PER_FRAME) return this.pass(samples);
    if (!this.#suppressor && !this.#begin()) return samples;
    const clean = this.#suppressed(samples);
    if (!clean) return this.pass(samples);
    const was = this.#isHeard;
    if (this.#warmedUp < WARM_UP_FRAMES) this.#warmedUp += 1;
    else this.#isHeard = true;
    if (this.#wanted)
      return this.#isHeard && !was ? between(samples, clean) : this.#isHeard ? clean : samples;
    this.pass(samples);
    return was ? between(clean, samples) : samples;
  }

  /**
   * What is no voice: nothing of it may be taken out.
   * @param {Float32Array} samples
   */
  pass(samples) {
    this.#suppressor?.free();
    this.#suppressor = null;
    this.#isHeard = false;
    this.#warmedUp = this.#looked = this.#slow = 0;
    return samples;
  }

  /** @returns {boolean} whether there is a suppressor now */
  #begin() {
    if (!this.#wanted) return false;
    this.#suppressor = this.#make?.() ?? null;
    if (!this.#make && !this.#loading) this.#loadIt();
    return this.#suppressor !== null;
  }

  async #loadIt() {
    this.#loading = true;
    try {
      this.#make = await this.#load();
    } catch {
      this.#giveUp("missing");
    }
    this.#loading = false;
  }

  /**
   * @param {Float32Array} samples
   * @returns {Float32Array | null} null where it failed: it starts anew with the next frame
   */
  #suppressed(samples) {
    if (!isSound(samples, samples.length)) return null; // would stay in its state
    const beganMs = this.#nowMs();
    const clean = this.#suppressor?.process(samples) ?? samples;
    this.#look(this.#nowMs() - beganMs);
    return isSound(clean, clean.length) ? clean : null;
  }

  /** @param {number} tookMs */
  #look(tookMs) {
    this.#looked += 1;
    if (tookMs > SLOW_MS) this.#slow += 1;
    if (this.#looked < LOOK_FRAMES) return;
    if (this.#slow > LOOK_FRAMES / 2) this.#giveUp("slow");
    this.#looked = this.#slow = 0;
  }

  /** @param {Trouble} trouble */
  #giveUp(trouble) {
    this.#wanted = false;
    this.onTrouble(trouble);
  }
}

/**
 * A frame that goes over from one sound to another.
 * @param {Float32Array} before
 * @param {Float32Array} after
 */
function between(before, after) {
  return before.map((sample, i) => sample + ((after[i] - sample) * (i + 1)) / before.length);
}
