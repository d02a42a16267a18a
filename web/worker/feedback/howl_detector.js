// A howl, found in the frames that a microphone hears, before it hurts.
//
// Where a loudspeaker's sound comes back to it by way of a microphone, what comes round grows with every
// round until something clips. Mostly one pitch wins and becomes a tone: steady, far above all else, and
// rising or held. Where the way favours no pitch, all of it grows: loud without a gap. A voice is neither: it
// has gaps, its pitch moves, and its power is spread over harmonics; a sung vowel swells once, and then stays
// as soft as it is.

import { SAMPLES_PER_FRAME, SAMPLE_RATE } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { halfTurn, transform, zeros } from "../../shared/fft.js";

/** 21 ms: bins of 47 Hz, between which a voice's harmonics are apart. */
const SIZE = 1_024;
const HANN = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / SIZE));
const HALF_TURN = halfTurn(SIZE);
/** Below it there is hum, and no loudspeaker that howls. */
const LOWEST_BIN = Math.ceil((150 * SIZE) / SAMPLE_RATE);
/** A Hann window spreads a tone over two bins on each side; a howl does not move by more than one. */
const PEAK_BINS = 2;
const STEADY_BINS = 1;
/** Of the power, in the one peak. */
const TONE_SHARE = 0.7;

/** All levels in −dBov. */
const FAINTEST_TONE = 40;
const LOUD_TONE = 16;
const HELD_FRAMES = 50;
/** As long as a few rounds take, in thirds: each has to be louder than the one before. */
const THIRD_FRAMES = 15;
const RISE_DB = 1.5;

const LOUD_LEVEL = 14;
/** Without a gap, while somebody else is played as loud: then it goes round. No syllable is that long. */
const ROUND_FRAMES = 25;
const PLAYED_LEVEL = 20;
/** The same where nothing is played here: then it must be louder and longer. */
const VERY_LOUD_LEVEL = 10;
const ALONE_FRAMES = 50;

export class HowlDetector {
  #samples = new Float64Array(SIZE);
  #spectrum = zeros(SIZE);
  #power = new Float64Array(SIZE / 2);
  #bin = 0;
  /** Of the tone's frames, up to now. @type {number[]} */
  #tone = [];
  #loudFrames = 0;
  #veryLoudFrames = 0;
  #playedFrames = 0;

  /**
   * Takes in the next frame of the microphone.
   * @param {Float32Array} frame
   * @returns whether it howls
   */
  process(frame) {
    const level = levelOf(frame);
    this.#playedFrames = Math.max(0, this.#playedFrames - 1);
    this.#loudFrames = level < LOUD_LEVEL ? this.#loudFrames + 1 : 0;
    this.#veryLoudFrames = level < VERY_LOUD_LEVEL ? this.#veryLoudFrames + 1 : 0;
    this.#follow(frame, level);
    const goesRound = this.#playedFrames > 0 && this.#loudFrames >= ROUND_FRAMES;
    return goesRound || this.#veryLoudFrames >= ALONE_FRAMES || this.#held || this.#rises;
  }

  /**
   * Somebody else is played.
   * @param {number} level
   */
  onPlayout(level) {
    if (level < PLAYED_LEVEL) this.#playedFrames = ROUND_FRAMES;
  }

  get #held() {
    const last = this.#tone.slice(-HELD_FRAMES);
    return last.length === HELD_FRAMES && meanOf(last) < LOUD_TONE;
  }

  get #rises() {
    if (this.#tone.length < 3 * THIRD_FRAMES) return false;
    const [first, second, third] = [3, 2, 1].map((back) => {
      const end = this.#tone.length - (back - 1) * THIRD_FRAMES;
      return meanOf(this.#tone.slice(end - THIRD_FRAMES, end));
    });
    return first - second >= RISE_DB && second - third >= RISE_DB;
  }

  /**
   * @param {Float32Array} frame
   * @param {number} level
   */
  #follow(frame, level) {
    this.#samples.copyWithin(0, SAMPLES_PER_FRAME);
    this.#samples.set(frame, SIZE - SAMPLES_PER_FRAME);
    if (level > FAINTEST_TONE) {
      this.#tone = [];
      return;
    }
    const { bin, share } = this.#peak();
    const steady = share > TONE_SHARE && Math.abs(bin - this.#bin) <= STEADY_BINS;
    this.#bin = bin;
    this.#tone = steady ? [...this.#tone.slice(1 - HELD_FRAMES), level] : [];
  }

  /** The strongest pitch, and its share of the power. */
  #peak() {
    const { re, im } = this.#spectrum;
    const power = this.#power;
    for (let i = 0; i < SIZE; i += 1) re[i] = this.#samples[i] * HANN[i];
    im.fill(0);
    transform(this.#spectrum, HALF_TURN);
    let bin = LOWEST_BIN;
    for (let i = 0; i < power.length; i += 1) power[i] = re[i] * re[i] + im[i] * im[i];
    for (let i = LOWEST_BIN; i < power.length; i += 1) if (power[i] > power[bin]) bin = i;
    const peak = power.subarray(bin - PEAK_BINS, bin + PEAK_BINS + 1);
    return { bin, share: sumOf(peak) / (sumOf(power) + Number.MIN_VALUE) };
  }
}

/** @param {Float64Array | number[]} values */
const sumOf = (values) => /** @type {number[]} */ (values).reduce((sum, value) => sum + value, 0);

/** @param {number[]} values */
const meanOf = (values) => sumOf(values) / values.length;
