// Keeps the mix from clipping when several voices meet. Twin of streamer/client/audio/limiter.py, which has
// the reasons of the numbers; tests/vectors/limiter.json keeps both equal. It adds no delay and looks at
// nothing to come: the gain follows the loudest sample at once, and comes back slowly.
//
// Below the threshold, −3 dBFS, each sample comes out as it went in. Above it, peaks are bent so that they
// get ever closer to full scale and never reach it; since the gain is held, what is bent is the loudness and
// not the wave. Left and right have one gain, so that nothing moves to the side: the louder of mid + side and
// mid - side decides. What is not finite is made silence, and is forgotten with the next sample.

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
   * @param {Float32Array} mid changed in place
   * @param {Float32Array} side changed in place
   * @param {number} length how many samples
   */
  process(mid, side, length) {
    let peak = this.#peak;
    for (let i = 0; i < length; i += 1) {
      let loud = Math.abs(mid[i]) + Math.abs(side[i]);
      if (!(loud < Infinity)) {
        mid[i] = 0;
        side[i] = 0;
        loud = 0;
      }
      peak = Math.max(THRESHOLD, peak * this.#release, loud);
      if (peak > THRESHOLD) {
        const gain = bent(peak) / peak;
        mid[i] *= gain;
        side[i] *= gain;
      }
    }
    this.#peak = peak;
  }
}

/** @param {number} peak at least the threshold */
function bent(peak) {
  const over = (peak - THRESHOLD) / ROOM;
  return THRESHOLD + (ROOM * over) / (1 + over);
}
