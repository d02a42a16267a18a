// Plays sound faster without a change of pitch: pieces of it, each begun where it fits best to the end of the
// one before, and crossfaded (waveform similarity overlap-add, as SoundTouch does it). At normal speed each
// piece fits where it stands, and what comes out is what went in. The twin of
// streamer/client/replay/time_stretch.py.

/**
 * 40 ms hold several periods of any voice; half of it would repeat them audibly, twice would smear
 * consonants.
 */
const PIECE_SAMPLES = 1920;
/** 8 ms of crossfade: a period of a voice of 125 Hz. */
const OVERLAP_SAMPLES = 384;
/** A piece may begin up to 15 ms later: a period of the lowest voice, 67 Hz. */
const SEEK_SAMPLES = 720;
/** Compared coarsely at first, at every fourth place: 12 kHz tell all periods of a voice apart. */
const COARSE_SAMPLES = 4;
const STEP_SAMPLES = PIECE_SAMPLES - OVERLAP_SAMPLES;

/** Two planes of one length: mid, and side. @typedef {[Float32Array, Float32Array]} Planes */

export class TimeStretch {
  /** How much faster it plays; 1 or more. */
  speed = 1;
  #read;
  /** @type {Float32Array[]} */
  #ahead = [new Float32Array(0), new Float32Array(0)];
  /** @type {Float32Array[]} */
  #tail = [new Float32Array(OVERLAP_SAMPLES), new Float32Array(OVERLAP_SAMPLES)];

  /** @param {(count: number) => Planes} read the next samples, silence behind the end */
  constructor(read) {
    this.#read = read;
    this.#tail = this.#read(OVERLAP_SAMPLES);
    this.#ahead = this.#tail.map((plane) => plane.slice());
  }

  /** @returns {Planes} the next 32 ms */
  next() {
    const skip = Math.round(this.speed * STEP_SAMPLES);
    this.#fill(Math.max(SEEK_SAMPLES + PIECE_SAMPLES, skip));
    const from = this.speed === 1 ? 0 : this.#bestPlace();
    const made = this.#ahead.map((plane, index) => joined(this.#tail[index], plane, from));
    this.#tail = this.#ahead.map((plane) => plane.slice(from + STEP_SAMPLES, from + PIECE_SAMPLES));
    this.#ahead = this.#ahead.map((plane) => plane.subarray(skip));
    return [made[0], made[1]];
  }

  /** @param {number} count */
  #fill(count) {
    const missing = count - this.#ahead[0].length;
    if (missing <= 0) return;
    const more = this.#read(missing);
    this.#ahead = this.#ahead.map((plane, index) => concatenated(plane, more[index]));
  }

  #bestPlace() {
    const [tail] = this.#tail;
    const [ahead] = this.#ahead;
    const best = bestOf(tail, ahead, 0, SEEK_SAMPLES, COARSE_SAMPLES);
    return bestOf(
      tail,
      ahead,
      Math.max(0, best - COARSE_SAMPLES),
      Math.min(SEEK_SAMPLES, best + COARSE_SAMPLES),
      1,
    );
  }
}

/** @type {(tail: Float32Array, ahead: Float32Array, first: number, last: number, step: number) => number} */
function bestOf(tail, ahead, first, last, step) {
  let best = first;
  let most = -Infinity;
  for (let place = first; place <= last; place += step) {
    const likeness = likenessAt(tail, ahead, place, step);
    if (likeness > most) [best, most] = [place, likeness];
  }
  return best;
}

/** @type {(tail: Float32Array, ahead: Float32Array, place: number, step: number) => number} */
function likenessAt(tail, ahead, place, step) {
  let product = 0;
  let power = 1e-9; // of silence, which is like nothing
  for (let i = 0; i < OVERLAP_SAMPLES; i += step) {
    product += tail[i] * ahead[place + i];
    power += ahead[place + i] ** 2;
  }
  return product / Math.sqrt(power);
}

/** @type {(tail: Float32Array, ahead: Float32Array, from: number) => Float32Array} */
function joined(tail, ahead, from) {
  const made = ahead.slice(from, from + STEP_SAMPLES);
  for (let i = 0; i < OVERLAP_SAMPLES; i += 1) {
    const share = (i + 0.5) / OVERLAP_SAMPLES;
    made[i] = tail[i] * (1 - share) + made[i] * share;
  }
  return made;
}

/** @type {(first: Float32Array, second: Float32Array) => Float32Array} */
function concatenated(first, second) {
  const both = new Float32Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
