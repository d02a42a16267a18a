// How much later a voice leaves the browser's echo canceller, noise suppression and gain control than it
// entered them. No browser tells, and it is 10 to 25 ms. So this worker hears the microphone twice for a
// moment, processed and as it is, while somebody talks: the lag at which both are most alike is the delay.
//
// Plain sound that comes late, as on a busy machine, makes what is found too small. So attempts go on until
// two agree, and the largest result counts.
//
// A second stream may change how the first is buffered, as long as it is there. Samples are not lost by that;
// so what was found is carried over to the line of time that the first has when it is alone again.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { TrackReader } from "../../shared/track_reader.js";
import { WindowedMinimum } from "../../shared/windowed_minimum.js";
import { CaptureClock } from "./relay_clock.js";

/** What is louder is taken for a voice, in −dBov; noise alone is suppressed, and is like nothing. */
const LOUD = 45;
/** Of all that was heard: a word was said, and more will follow. */
const LOUD_US = 150_000;
/** 3 kHz hold what tells one syllable from another; a lag is then known to 0.33 ms. */
const STEP = 16;
const COMPARED = (1.5 * SAMPLE_RATE) / STEP;
const US_PER_STEP = (STEP * 1e6) / SAMPLE_RATE;
/** No canceller is earlier than what it hears, but clocks are rough; none takes longer than the last. */
const LAGS_US = /** @type {const} */ ([-20_000, 200_000]);
/** Correlation, of which noise and other words stay below 0.3. */
const ALIKE = 0.5;
/** Each costs the page a second stream for two seconds. */
const ATTEMPTS = 4;
const EVERY_US = 10_000_000;
/** Two results that are closer than this agree. */
const AGREE_US = 1_500;
/** As long as a CaptureClock remembers. */
const HEARD_LATELY_MS = 1_000;
/** The plain stream ends within a second, and a CaptureClock remembers one more. */
const SETTLED_US = 4_000_000;

/** One of the two, from when it was first heard. */
class Line {
  #clock = new CaptureClock();
  #end = 0;
  samples = new Float32Array(COMPARED);

  /**
   * @param {Float32Array} frame
   * @param {number} nowUs
   */
  push(frame, nowUs) {
    for (let i = 0; i < frame.length; i += 1) {
      this.samples[Math.floor((this.#end + i) / STEP)] += frame[i]; // nothing, beyond its end
    }
    this.#end += frame.length;
    this.#clock.onCapture(this.#end, nowUs);
  }

  get isFull() {
    return this.#end >= COMPARED * STEP;
  }

  /** When its first sample came. */
  get beginUs() {
    return this.#clock.capturedUs(0);
  }
}

export class ProcessingDelay {
  /** Of what is said now, in µs; null where nobody knows. @type {number | null} */
  us = 0;
  #leastAge = new WindowedMinimum(HEARD_LATELY_MS);
  #attempts = 0;
  #askedUs = 0;
  #loudUs = 0;
  /** @type {Line | null} */
  #processed = null;
  /** @type {Line | null} */
  #plain = null;
  /** @type {{us: number, beginUs: number, atUs: number} | null} while both were heard */
  #found = null;
  /** The unprocessed microphone is needed for two seconds. */
  onWanted = () => {};

  /**
   * How long the microphone takes, in µs; null where nobody knows.
   *
   * The browser counts a piece from its first sample, and so does a CaptureClock: it is not to be counted
   * twice. A piece that is held up counts in neither.
   * @param {number} pieceAgeMs of a piece that came, as the browser says; 0 where none came
   * @param {number} pieceUs how long it is
   * @param {number} nowMs
   */
  captureUs(pieceAgeMs, pieceUs, nowMs) {
    const leastUs = this.#leastAge.update(nowMs, pieceAgeMs || Infinity) * 1000;
    if (this.us === null || leastUs === Infinity) return null;
    return Math.round(Math.max(0, leastUs - pieceUs) + this.us);
  }

  /** @param {boolean} processed whether the browser processes what comes from now on */
  restart(processed) {
    this.us = processed ? null : 0;
    this.#attempts = processed ? 0 : ATTEMPTS;
    this.#loudUs = 0;
    this.#askedUs = -Infinity;
    this.#processed = this.#plain = this.#found = null;
  }

  /**
   * @param {Float32Array} frame as it is to be sent
   * @param {number} nowUs
   */
  heard(frame, nowUs) {
    if (!this.#processed) return this.#listen(frame, nowUs);
    this.#processed.push(frame, nowUs);
    if (!this.#found) return this.#compare(this.#processed, nowUs);
    const { us, beginUs, atUs } = this.#found;
    if (nowUs - atUs > SETTLED_US) this.#settle(us + this.#processed.beginUs - beginUs);
  }

  /** @param {number} us what an attempt found */
  #settle(us) {
    if (this.us !== null && Math.abs(us - this.us) < AGREE_US) this.#attempts = ATTEMPTS;
    this.us = Math.max(this.us ?? 0, us);
    this.#loudUs = 0;
    this.#processed = this.#plain = this.#found = null;
  }

  /**
   * The same microphone as it is.
   * @param {import("../../shared/track_reader.js").Reading} reading
   * @param {() => number} nowUs
   */
  read(reading, nowUs) {
    const [plain, reader] = [new Line(), new TrackReader()];
    this.#plain = plain;
    this.#processed = new Line();
    reader.onFrame = (frame) => plain.push(frame, nowUs());
    return reader.read(reading, 1);
  }

  /**
   * @param {Float32Array} frame
   * @param {number} nowUs
   */
  #listen(frame, nowUs) {
    if (this.#attempts === ATTEMPTS || nowUs - this.#askedUs < EVERY_US) return;
    if (levelOf(frame) < LOUD) this.#loudUs += (frame.length * 1e6) / SAMPLE_RATE;
    if (this.#loudUs < LOUD_US) return;
    this.#attempts += 1;
    this.#askedUs = nowUs;
    this.onWanted();
  }

  /**
   * @param {Line} processed
   * @param {number} nowUs
   */
  #compare(processed, nowUs) {
    if (nowUs - this.#askedUs > EVERY_US) this.#processed = null;
    if (!processed.isFull || !this.#plain?.isFull) return;
    const us = lagUs(this.#plain, processed);
    if (us === null) this.#processed = null;
    else this.#found = { us, beginUs: processed.beginUs, atUs: nowUs };
  }
}

/**
 * How much later the same sound comes processed than plain; null where both are not the same.
 * @param {Line} plain
 * @param {Line} processed
 */
function lagUs(plain, processed) {
  const apartUs = processed.beginUs - plain.beginUs;
  const [first, last] = LAGS_US.map((us) => Math.round((us - apartUs) / US_PER_STEP));
  const [one, other] = [changesOf(plain.samples), changesOf(processed.samples)];
  let most = ALIKE * Math.sqrt(correlation(one, one, 0) * correlation(other, other, 0));
  /** @type {number | null} */
  let best = null;
  for (let lag = first; lag <= last; lag += 1) {
    const alike = correlation(one, other, lag);
    if (alike > most) [best, most] = [lag, alike];
  }
  return best === null ? null : apartUs + best * US_PER_STEP;
}

/**
 * From sample to sample: hum and an offset would be alike at any lag.
 * @param {Float32Array} samples
 */
const changesOf = (samples) => samples.map((sample, i) => sample - (samples[i - 1] ?? sample));

/**
 * @param {Float32Array} one
 * @param {Float32Array} other
 * @param {number} lag how much later the other is
 */
function correlation(one, other, lag) {
  let sum = 0;
  const end = Math.min(COMPARED, COMPARED - lag);
  for (let i = Math.max(0, -lag); i < end; i += 1) sum += one[i] * other[i + lag];
  return sum;
}
