// The decoded samples that play next, and how to make them fewer or more without changing the pitch. The twin of
// streamer/hot/stretch.pyx, which has the plan and the reasons; the arithmetic is in the same order, so decisions are the same.

const LINE_SAMPLES = 16384;
const HISTORY_SAMPLES = 960;
export const OVERLAP_SAMPLES = 240;
const SHORTEST_LAG = 240;
export const LONGEST_LAG = 720;
const DECIMATION = 4;
const COARSE_SAMPLES = 240;
const QUIET_POWER = 1e-6;
const QUIET_BELOW_LOUDNESS = 1e-3;
const LOUDNESS_DECAY = 0.998;

/** @type {(line: Float32Array, a: number, b: number, count: number) => number} */
function product(line, a, b, count) {
  let total = 0;
  for (let i = 0; i < count; i++) total += line[a + i] * line[b + i];
  return total;
}

/** A line of mono samples: what was played last, then what plays next (`ahead` samples). */
export class SyncBuffer {
  #line = new Float32Array(LINE_SAMPLES);
  #coarse = new Float64Array(COARSE_SAMPLES);
  #position = HISTORY_SAMPLES;
  #end = HISTORY_SAMPLES;
  #loudness = 0;

  constructor() {
    this.similarity = 0;
    this.free = false;
  }

  get ahead() {
    return this.#end - this.#position;
  }

  /** @param {number} count */
  #makeRoom(count) {
    if (this.#end + count <= LINE_SAMPLES) return;
    const start = this.#position - HISTORY_SAMPLES;
    this.#line.copyWithin(0, start, this.#end);
    this.#position -= start;
    this.#end -= start;
  }

  /**
   * Add samples at the end, their gain going in a straight line from one to the other over the overlap.
   * @param {Float32Array} samples
   * @param {number} count
   * @param {number} gainFrom
   * @param {number} gainTo
   */
  append(samples, count, gainFrom, gainTo) {
    const slope = (gainTo - gainFrom) / OVERLAP_SAMPLES;
    this.#makeRoom(count);
    const line = this.#line;
    const to = this.#end;
    for (let i = 0; i < count; i++) {
      line[to + i] = samples[i] * (i < OVERLAP_SAMPLES ? gainFrom + slope * i : gainTo);
    }
    this.#end += count;
    const power = product(line, to, to, count) / count;
    const decayed = this.#loudness * LOUDNESS_DECAY;
    this.#loudness = power > decayed ? power : decayed;
  }

  /** @param {number} count */
  appendSilence(count) {
    this.#makeRoom(count);
    this.#line.fill(0, this.#end, this.#end + count);
    this.#end += count;
  }

  /**
   * Add samples at the end, crossfading from the last of the line; what is ahead must be as long as the overlap.
   * @param {Float32Array} samples
   * @param {number} count
   */
  overlapAppend(samples, count) {
    this.#makeRoom(count);
    const line = this.#line;
    const to = this.#end - OVERLAP_SAMPLES;
    for (let i = 0; i < OVERLAP_SAMPLES; i++) {
      const share = (i + 0.5) / OVERLAP_SAMPLES;
      line[to + i] = line[to + i] * (1 - share) + samples[i] * share;
    }
    for (let i = OVERLAP_SAMPLES; i < count; i++) line[to + i] = samples[i];
    this.#end += count - OVERLAP_SAMPLES;
  }

  /**
   * Move the next samples into the block; `count` is at most what is ahead.
   * @param {Float32Array} block
   * @param {number} offset
   * @param {number} count
   */
  take(block, offset, count) {
    const line = this.#line;
    const from = this.#position;
    for (let i = 0; i < count; i++) block[offset + i] = line[from + i];
    this.#position += count;
  }

  /** @type {(start: number, count: number) => boolean} */
  #quiet(start, count) {
    const power = product(this.#line, start, start, count) / count;
    return power < QUIET_POWER || power < QUIET_BELOW_LOUDNESS * this.#loudness;
  }

  get quietBehind() {
    return this.#quiet(this.#position - OVERLAP_SAMPLES, OVERLAP_SAMPLES);
  }

  /**
   * Cut out at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere.
   * @param {number} longest
   * @param {number} leastSimilarity
   */
  accelerate(longest, leastSimilarity) {
    longest = Math.min(longest, this.ahead - OVERLAP_SAMPLES);
    if (longest < SHORTEST_LAG) return 0;
    this.free = this.#quiet(this.#position, longest + OVERLAP_SAMPLES);
    const lag = this.free ? longest : this.#findLag(1, longest);
    if (lag === 0 || (!this.free && this.similarity < leastSimilarity)) return 0;
    const line = this.#line;
    const now = this.#position;
    for (let i = 0; i < OVERLAP_SAMPLES; i++) {
      const share = (i + 0.5) / OVERLAP_SAMPLES;
      line[now + lag + i] = line[now + i] * (1 - share) + line[now + lag + i] * share;
    }
    // What was played stays right before what plays next: expanding looks back at it.
    line.copyWithin(now + lag - HISTORY_SAMPLES, now - HISTORY_SAMPLES, now);
    this.#position += lag;
    return lag;
  }

  /**
   * Repeat at most `longest` samples and return how many; 0 where the signal is not alike enough anywhere.
   * @param {number} longest
   * @param {number} leastSimilarity
   */
  expand(longest, leastSimilarity) {
    if (this.ahead < OVERLAP_SAMPLES || longest < SHORTEST_LAG) return 0;
    this.free = this.#quiet(this.#position - longest, longest + OVERLAP_SAMPLES);
    const lag = this.free ? longest : this.#findLag(-1, longest);
    if (lag === 0 || (!this.free && this.similarity < leastSimilarity)) return 0;
    this.#makeRoom(lag);
    const line = this.#line;
    const now = this.#position;
    line.copyWithin(now + lag, now, this.#end);
    for (let i = 0; i < OVERLAP_SAMPLES; i++) {
      const share = (i + 0.5) / OVERLAP_SAMPLES;
      line[now + i] = line[now + lag + i] * (1 - share) + line[now + i - lag] * share;
    }
    line.copyWithin(now + OVERLAP_SAMPLES, now + OVERLAP_SAMPLES - lag, now);
    this.#end += lag;
    return lag;
  }

  /** @type {(direction: 1 | -1, longest: number) => number} The lag at which the next samples are most alike, or 0. */
  #findLag(direction, longest) {
    const window = OVERLAP_SAMPLES / DECIMATION;
    const reach = Math.trunc(longest / DECIMATION);
    const here = direction > 0 ? 0 : reach;
    const coarse = this.#coarse;
    this.#decimate(this.#position - here * DECIMATION, reach + window);
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
    return bestLag ? this.#refineLag(direction, bestLag, longest) : 0;
  }

  /** @type {(from: number, count: number) => void} */
  #decimate(from, count) {
    const line = this.#line;
    for (let i = 0; i < count; i++) {
      const at = from + 4 * i;
      this.#coarse[i] = line[at] + line[at + 1] + (line[at + 2] + line[at + 3]);
    }
  }

  /** @type {(direction: 1 | -1, around: number, longest: number) => number} */
  #refineLag(direction, around, longest) {
    const line = this.#line;
    const here = this.#position;
    const own = product(line, here, here, OVERLAP_SAMPLES) + 1e-9;
    const last = Math.min(around + DECIMATION, longest);
    let bestLag = 0;
    this.similarity = 0;
    for (let lag = Math.max(around - DECIMATION, SHORTEST_LAG); lag <= last; lag++) {
      const other = here + direction * lag;
      const cross = product(line, here, other, OVERLAP_SAMPLES);
      const energy = product(line, other, other, OVERLAP_SAMPLES) + 1e-9;
      const similarity = cross / Math.sqrt(own * energy);
      if (similarity > this.similarity) {
        this.similarity = similarity;
        bestLag = lag;
      }
    }
    return bestLag;
  }
}

/**
 * The samples played slower, by up to `share` of their time, or faster where it is negative: what playing does, at a stretch.
 * @param {Float32Array} samples
 * @param {number} share
 * @param {number} leastSimilarity
 */
export function stretch(samples, share, leastSimilarity = 0.5) {
  const sync = new SyncBuffer();
  const played = new Float32Array(2 * samples.length);
  let [fed, made, rest] = [0, 0, 0];
  while (fed < samples.length || sync.ahead > 0) {
    if (fed < samples.length && sync.ahead < 2 * LONGEST_LAG) {
      const fresh = samples.subarray(fed, fed + 2 * OVERLAP_SAMPLES);
      sync.append(fresh, fresh.length, 1, 1);
      fed += fresh.length;
      continue;
    }
    if (rest <= 0) {
      const lag = share > 0 ? sync.expand(LONGEST_LAG, leastSimilarity) : sync.accelerate(LONGEST_LAG, leastSimilarity);
      rest = lag ? Math.trunc(lag / Math.abs(share)) + (share > 0 ? lag : 0) : OVERLAP_SAMPLES;
    }
    const run = Math.min(sync.ahead, OVERLAP_SAMPLES);
    sync.take(played, made, run);
    made += run;
    rest -= run;
  }
  return played.subarray(0, made);
}
