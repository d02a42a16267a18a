// Keeps the mix from clipping when several voices meet. It adds no delay and looks at nothing to come: the gain follows the
// loudest sample at once, and comes back slowly.
//
// Below the threshold, −3 dBFS, each sample comes out as it went in. Above it, peaks are bent so that they get ever closer to
// full scale and never reach it; since the gain is held, what is bent is the loudness and not the wave.

const THRESHOLD = 10 ** (-3 / 20);
const ROOM = 1 - THRESHOLD;
const RELEASE_S = 0.2;

export class Limiter {
  #peak = THRESHOLD;
  #release;

  /** @param {number} rate of the samples */
  constructor(rate) {
    this.#release = Math.exp(-1 / (RELEASE_S * rate));
  }

  /**
   * @param {Float32Array} samples changed in place
   * @param {number} length how many of them
   */
  process(samples, length) {
    let peak = this.#peak;
    for (let i = 0; i < length; i += 1) {
      peak = Math.max(THRESHOLD, peak * this.#release, Math.abs(samples[i]));
      if (peak > THRESHOLD) samples[i] *= bent(peak) / peak;
    }
    this.#peak = peak;
  }
}

/** @param {number} peak at least the threshold */
function bent(peak) {
  const over = (peak - THRESHOLD) / ROOM;
  return THRESHOLD + (ROOM * over) / (1 + over);
}
