// The decoded samples that play next, and how to make them fewer or more without changing the pitch. The twin
// of streamer/jitter/sync_buffer.pyx, which has the plan and the reasons; the arithmetic is in the same
// order, so decisions are the same.

import { HISTORY_SAMPLES, OVERLAP_SAMPLES, cut, join, product, put, repeat } from "./overlap_add.js";

const LINE_SAMPLES = 16384;
const SHORTEST_LAG = 240;
export const LONGEST_LAG = 720;
const DECIMATION = 4;
const COARSE_SAMPLES = 240;
const QUIET_POWER = 1e-6;
const QUIET_BELOW_LOUDNESS = 1e-3;
const LOUDNESS_DECAY = 0.998;
const LEAST_SHARE = 0.001;
const LARGEST_SHARE = 1;

/**
 * A line of samples, mono until it is made stereo: what was played last, then what plays next (`ahead`
 * samples).
 */
export class SyncBuffer {
  #mid = new Float32Array(LINE_SAMPLES);
  #side = new Float32Array(LINE_SAMPLES);
  #coarse = new Float64Array(COARSE_SAMPLES);
  #position = HISTORY_SAMPLES;
  #end = HISTORY_SAMPLES;
  #loudness = 0;

  constructor() {
    this.similarity = 0;
    this.free = false;
    this.stereo = false;
    /** How many samples did not fit. */
    this.dropped = 0;
  }

  get ahead() {
    return this.#end - this.#position;
  }

  /** From here on there is a side, too: until now it was silent. */
  makeStereo() {
    this.stereo = true;
  }

  /**
   * Make room behind the end; return how many fit, and count the others as dropped.
   * @type {(count: number) => number}
   */
  #makeRoom(count) {
    if (count <= 0) return 0;
    if (count <= LINE_SAMPLES - this.#end) return count;
    const start = this.#position - HISTORY_SAMPLES;
    this.#mid.copyWithin(0, start, this.#end);
    if (this.stereo) this.#side.copyWithin(0, start, this.#end);
    this.#position -= start;
    this.#end -= start;
    const room = LINE_SAMPLES - this.#end;
    if (count <= room) return count;
    this.dropped += count - room;
    return room;
  }

  /**
   * Add samples at the end, their gain going in a straight line from one to the other over the overlap.
   * @param {Float32Array} mid
   * @param {Float32Array} side
   * @param {number} count
   * @param {number} gainFrom
   * @param {number} gainTo
   * @returns how many of them fitted
   */
  append(mid, side, count, gainFrom, gainTo) {
    count = this.#makeRoom(count);
    if (count === 0) return 0;
    put(this.#mid, this.#end, mid, count, gainFrom, gainTo);
    if (this.stereo) put(this.#side, this.#end, side, count, gainFrom, gainTo);
    const power = this.#power(this.#end, count);
    this.#end += count;
    const decayed = this.#loudness * LOUDNESS_DECAY;
    this.#loudness = power > decayed ? power : decayed;
    return count;
  }

  /**
   * @param {number} count
   * @returns how many samples of it fitted
   */
  appendSilence(count) {
    count = this.#makeRoom(count);
    this.#mid.fill(0, this.#end, this.#end + count);
    if (this.stereo) this.#side.fill(0, this.#end, this.#end + count);
    this.#end += count;
    return count;
  }

  /**
   * Add samples at the end, crossfading from the last of the line. What is ahead and what is added must be as
   * long as the overlap: else nothing is added.
   * @param {Float32Array} mid
   * @param {Float32Array} side
   * @param {number} count
   * @returns how many of them fitted
   */
  overlapAppend(mid, side, count) {
    if (count < OVERLAP_SAMPLES || this.ahead < OVERLAP_SAMPLES) return 0;
    count = OVERLAP_SAMPLES + this.#makeRoom(count - OVERLAP_SAMPLES);
    join(this.#mid, this.#end, mid, count);
    if (this.stereo) join(this.#side, this.#end, side, count);
    this.#end += count - OVERLAP_SAMPLES;
    return count;
  }

  /** What is ahead is not to be played: only an overlap of it, fading out. */
  forgetAhead() {
    this.#end = Math.min(this.#end, this.#position + OVERLAP_SAMPLES);
    const count = this.ahead;
    for (let i = 0; i < count; i++) {
      const gain = 1 - (i + 0.5) / count;
      this.#mid[this.#position + i] *= gain;
      if (this.stereo) this.#side[this.#position + i] *= gain;
    }
  }

  /**
   * Move the next samples, of those that are ahead, into the block, and into that of the side where somebody
   * wants it.
   * @param {Float32Array} mid
   * @param {Float32Array | null} side
   * @param {number} offset
   * @param {number} count
   * @returns how many
   */
  take(mid, side, offset, count) {
    count = Math.min(count, this.ahead);
    copy(this.#mid, this.#position, mid, offset, count);
    if (side && this.stereo) copy(this.#side, this.#position, side, offset, count);
    else side?.fill(0, offset, offset + count);
    this.#position += count;
    return count;
  }

  /** @type {(start: number, count: number) => number} */
  #power(start, count) {
    let total = product(this.#mid, start, start, count);
    if (this.stereo) total += product(this.#side, start, start, count);
    return total / count;
  }

  /** @type {(start: number, count: number) => boolean} */
  #quiet(start, count) {
    const power = this.#power(start, count);
    return power < QUIET_POWER || power < QUIET_BELOW_LOUDNESS * this.#loudness;
  }

  get quietBehind() {
    return this.#quiet(this.#position - OVERLAP_SAMPLES, OVERLAP_SAMPLES);
  }

  /**
   * Cut out `wanted` samples where it is quiet, else at most `longest`; return how many; 0 where the signal
   * is nowhere alike enough.
   * @param {number} wanted
   * @param {number} longest
   * @param {number} leastSimilarity
   */
  accelerate(wanted, longest, leastSimilarity) {
    const most = Math.min(this.ahead - OVERLAP_SAMPLES, LONGEST_LAG);
    wanted = Math.min(wanted, most);
    this.free = wanted > 0 && this.#quiet(this.#position, wanted + OVERLAP_SAMPLES);
    const lag = this.free ? wanted : this.#findLag(1, Math.min(longest, most));
    if (lag === 0 || (!this.free && this.similarity < leastSimilarity)) return 0;
    cut(this.#mid, this.#position, lag);
    if (this.stereo) cut(this.#side, this.#position, lag);
    this.#position += lag;
    return lag;
  }

  /**
   * Repeat `wanted` samples where it is quiet, else at most `longest`; return how many; 0 where the signal is
   * nowhere alike enough.
   * @param {number} wanted
   * @param {number} longest
   * @param {number} leastSimilarity
   */
  expand(wanted, longest, leastSimilarity) {
    if (this.ahead < OVERLAP_SAMPLES) return 0;
    const most = Math.min(LINE_SAMPLES - HISTORY_SAMPLES - this.ahead, LONGEST_LAG);
    wanted = Math.min(wanted, most);
    this.free = wanted > 0 && this.#quiet(this.#position - wanted, wanted + OVERLAP_SAMPLES);
    const lag = this.free ? wanted : this.#findLag(-1, Math.min(longest, most));
    if (lag === 0 || (!this.free && this.similarity < leastSimilarity)) return 0;
    this.#makeRoom(lag);
    repeat(this.#mid, this.#position, lag, this.#end);
    if (this.stereo) repeat(this.#side, this.#position, lag, this.#end);
    this.#end += lag;
    return lag;
  }

  /** The plane that has more to say next. */
  get #louder() {
    const now = this.#position;
    const isSide =
      this.stereo &&
      product(this.#side, now, now, OVERLAP_SAMPLES) > product(this.#mid, now, now, OVERLAP_SAMPLES);
    return isSide ? this.#side : this.#mid;
  }

  /**
   * The lag at which the next samples are most alike, or 0.
   * @type {(direction: 1 | -1, longest: number) => number}
   */
  #findLag(direction, longest) {
    if (longest < SHORTEST_LAG) return 0;
    const window = OVERLAP_SAMPLES / DECIMATION;
    const reach = Math.trunc(longest / DECIMATION);
    const here = direction > 0 ? 0 : reach;
    const coarse = this.#coarse;
    const plane = this.#louder;
    this.#decimate(plane, this.#position - here * DECIMATION, reach + window);
    let best = 0;
    let bestLag = 0;
    for (let lag = SHORTEST_LAG / DECIMATION; lag <= reach; lag++) {
      const other = here + direction * lag;
      let cross = 0;
      let energy = 1e-9;
      for (let i = 0; i < window; i++) {
        const there = coarse[other + i];
        cross += coarse[here + i] * there;
        energy += there * there;
      }
      const score = (cross * cross) / energy;
      if (cross > 0 && score > best) {
        best = score;
        bestLag = lag * DECIMATION;
      }
    }
    return bestLag ? this.#refineLag(plane, direction, bestLag, longest) : 0;
  }

  /** @type {(plane: Float32Array, from: number, count: number) => void} */
  #decimate(plane, from, count) {
    for (let i = 0; i < count; i++) {
      const at = from + 4 * i;
      this.#coarse[i] = plane[at] + plane[at + 1] + (plane[at + 2] + plane[at + 3]);
    }
  }

  /** @type {(plane: Float32Array, direction: 1 | -1, around: number, longest: number) => number} */
  #refineLag(plane, direction, around, longest) {
    const here = this.#position;
    const own = product(plane, here, here, OVERLAP_SAMPLES) + 1e-9;
    const last = Math.min(around + DECIMATION, longest);
    let bestLag = 0;
    this.similarity = 0;
    for (let lag = Math.max(around - DECIMATION, SHORTEST_LAG); lag <= last; lag++) {
      const other = here + direction * lag;
      const cross = product(plane, here, other, OVERLAP_SAMPLES);
      const energy = product(plane, other, other, OVERLAP_SAMPLES) + 1e-9;
      const similarity = cross / Math.sqrt(own * energy);
      if (similarity > this.similarity) {
        this.similarity = similarity;
        bestLag = lag;
      }
    }
    return bestLag;
  }
}

/** @type {(from: Float32Array, position: number, to: Float32Array, offset: number, count: number) => void} */
function copy(from, position, to, offset, count) {
  for (let i = 0; i < count; i++) to[offset + i] = from[position + i];
}

/**
 * The samples played slower, by up to `share` of their time, or faster where it is negative: what playing
 * does, at a stretch.
 * @param {Float32Array} samples
 * @param {number} share
 * @param {number} leastSimilarity
 * @throws {RangeError} where the share is not between 0.001 and 1, or their negatives
 */
export function stretch(samples, share, leastSimilarity = 0.5) {
  if (!(Math.abs(share) >= LEAST_SHARE && Math.abs(share) <= LARGEST_SHARE))
    throw new RangeError(`a share of ${share}`);
  const sync = new SyncBuffer();
  const played = new Float32Array(2 * samples.length + LONGEST_LAG);
  let [fed, made, rest] = [0, 0, 0];
  while (fed < samples.length || sync.ahead > 0) {
    if (fed < samples.length && sync.ahead < 2 * LONGEST_LAG) {
      const fresh = samples.subarray(fed, Math.min(fed + 2 * OVERLAP_SAMPLES, samples.length));
      sync.append(fresh, fresh, fresh.length, 1, 1);
      fed += fresh.length;
      continue;
    }
    if (rest <= 0) {
      const change = share > 0 ? sync.expand : sync.accelerate;
      const lag = change.call(sync, LONGEST_LAG, LONGEST_LAG, leastSimilarity);
      rest = lag ? Math.trunc(lag / Math.abs(share)) + (share > 0 ? lag : 0) : OVERLAP_SAMPLES;
    }
    const run = Math.min(sync.ahead, OVERLAP_SAMPLES, played.length - made);
    if (run === 0) break;
    sync.take(played, null, made, run);
    made += run;
    rest -= run;
  }
  return played.subarray(0, made);
}
