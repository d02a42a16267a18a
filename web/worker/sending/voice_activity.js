// Whether somebody talks, by the level of each frame alone: a voice stands out of the noise of the last
// seconds.
//
// The noise is the least smoothed level so far: speech has gaps, noise has none. Until a few seconds have
// been heard, and whenever it is loud, the answer is yes: better some noise sent than a word lost.

import { FRAME_MS } from "../../shared/audio_format.js";
import { SILENCE_LEVEL } from "../../shared/packet.js";
import { WindowedMinimum } from "../../shared/windowed_minimum.js";

/** The twin has the reasons. */
const NOISE_WINDOW_MS = 3_000;
const SMOOTHING = 0.25;
const STANDS_OUT_DB = 9;
/** Softer than this nobody talks, louder somebody may always be. In −dBov. */
const FAINTEST_LEVEL = 60;
const LOUD_LEVEL = 30;
/** Between two syllables one still talks. */
const HOLD_FRAMES = 20;

export class VoiceActivityDetector {
  #noise = new WindowedMinimum(NOISE_WINDOW_MS);
  #smoothed = SILENCE_LEVEL;
  #frames = 0;
  #hold = 0;

  constructor() {
    this.#noise.update(0, -SILENCE_LEVEL);
  }

  /**
   * Takes in the next frame.
   * @param {number} level −dBov
   */
  process(level) {
    this.#frames += 1;
    this.#smoothed += SMOOTHING * (level - this.#smoothed);
    const noiseLevel = -this.#noise.update(this.#frames * FRAME_MS, -this.#smoothed);
    const faintest = Math.max(LOUD_LEVEL, Math.min(FAINTEST_LEVEL, noiseLevel - STANDS_OUT_DB));
    this.#hold = level < faintest ? HOLD_FRAMES : Math.max(0, this.#hold - 1);
    return this.#hold > 0;
  }
}
