// One plane of decoded samples: what the line of samples does to each of its planes alike. The twin of
// streamer/jitter/overlap_add.pyx.
//
// There is room behind `end` for what is added, and HISTORY_SAMPLES before `now`, the next sample to play.

export const HISTORY_SAMPLES = 960;
export const OVERLAP_SAMPLES = 240;

/** @type {(plane: Float32Array, a: number, b: number, count: number) => number} */
export function product(plane, a, b, count) {
  let total = 0;
  for (let i = 0; i < count; i++) total += plane[a + i] * plane[b + i];
  return total;
}

/**
 * Copy samples to the end, their gain going in a straight line from one to the other over the overlap.
 * @type {(plane: Float32Array, end: number, samples: Float32Array, count: number, gainFrom: number,
 *   gainTo: number) => void}
 */
export function put(plane, end, samples, count, gainFrom, gainTo) {
  const slope = (gainTo - gainFrom) / OVERLAP_SAMPLES;
  for (let i = 0; i < count; i++) {
    plane[end + i] = samples[i] * (i < OVERLAP_SAMPLES ? gainFrom + slope * i : gainTo);
  }
}

/**
 * Add samples at the end, crossfading over the overlap before it.
 * @type {(plane: Float32Array, end: number, samples: Float32Array, count: number) => void}
 */
export function join(plane, end, samples, count) {
  const to = end - OVERLAP_SAMPLES;
  for (let i = 0; i < OVERLAP_SAMPLES; i++) {
    const share = (i + 0.5) / OVERLAP_SAMPLES;
    plane[to + i] = plane[to + i] * (1 - share) + samples[i] * share;
  }
  for (let i = OVERLAP_SAMPLES; i < count; i++) plane[to + i] = samples[i];
}

/**
 * Leave out the next `lag` samples: what plays next begins so much later, crossfaded with what would have
 * played.
 * @type {(plane: Float32Array, now: number, lag: number) => void}
 */
export function cut(plane, now, lag) {
  for (let i = 0; i < OVERLAP_SAMPLES; i++) {
    const share = (i + 0.5) / OVERLAP_SAMPLES;
    plane[now + lag + i] = plane[now + i] * (1 - share) + plane[now + lag + i] * share;
  }
  // What was played stays right before what plays next: expanding looks back at it.
  plane.copyWithin(now + lag - HISTORY_SAMPLES, now - HISTORY_SAMPLES, now);
}

/**
 * Play the last `lag` samples once more, before those that play next, up to `end`.
 * @type {(plane: Float32Array, now: number, lag: number, end: number) => void}
 */
export function repeat(plane, now, lag, end) {
  const overlap = Math.min(OVERLAP_SAMPLES, lag);
  plane.copyWithin(now + lag, now, end);
  for (let i = 0; i < overlap; i++) {
    const share = (i + 0.5) / overlap;
    plane[now + i] = plane[now + lag + i] * (1 - share) + plane[now + i - lag] * share;
  }
  plane.copyWithin(now + overlap, now + overlap - lag, now);
}
