// A replay on its way to the loudspeaker: decoded pieces, each 32 ms of mid and side. Mixed behind the live
// voices, which are lowered meanwhile so that both can be followed.

/** −6 dB: a live voice is still understood, and the replay is the louder one. */
const LIVE_GAIN = 0.5;
/** The worker sends 0.4 s ahead; more than 2 s is a mistake, and not kept. */
const MOST_SAMPLES = 96_000;
/** The live voices go down and come back within 20 ms, without a click. */
const STEP = 1 / 960;

export class ReplayQueue {
  /** @type {[Float32Array, Float32Array][]} */
  #pieces = [];
  #at = 0;
  #on = false;
  #liveGain = 1;
  /** Samples that still wait. */
  waiting = 0;

  begin() {
    this.end();
    this.#on = true;
  }

  end() {
    this.#on = false;
    this.#pieces = [];
    this.#at = this.waiting = 0;
  }

  /**
   * @param {Float32Array} mid
   * @param {Float32Array} side as long
   */
  push(mid, side) {
    if (!this.#on || this.waiting + mid.length > MOST_SAMPLES) return;
    this.#pieces.push([mid, side]);
    this.waiting += mid.length;
  }

  /**
   * @param {Float32Array[]} mix of the live voices: mid and side
   * @param {number} length of it
   * @param {boolean} isMuted the replay goes on, unheard
   */
  addTo(mix, length, isMuted) {
    if (this.#on || this.#liveGain !== 1) this.#lower(mix, length);
    let done = 0;
    while (done < length && this.#pieces.length > 0) {
      const [mid, side] = this.#pieces[0];
      const run = Math.min(length - done, mid.length - this.#at);
      for (let i = 0; i < run && !isMuted; i += 1) {
        mix[0][done + i] += mid[this.#at + i];
        mix[1][done + i] += side[this.#at + i];
      }
      done += run;
      this.#at += run;
      if (this.#at < mid.length) break;
      this.#pieces.shift();
      this.#at = 0;
    }
    this.waiting -= done;
  }

  /**
   * @param {Float32Array[]} mix
   * @param {number} length
   */
  #lower(mix, length) {
    for (let i = 0; i < length; i += 1) {
      this.#liveGain = this.#on
        ? Math.max(LIVE_GAIN, this.#liveGain - STEP)
        : Math.min(1, this.#liveGain + STEP);
      mix[0][i] *= this.#liveGain;
      mix[1][i] *= this.#liveGain;
    }
  }
}
