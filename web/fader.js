// How loud one talker is in the mix. A change is spread over a block, so that nobody hears a click.

export class Fader {
  #gain = 1;
  /** What the samples are to be multiplied by. */
  wanted = 1;

  /**
   * Adds `length` samples of `sound` to `mix`.
   * @param {Float32Array} mix
   * @param {Float32Array} sound
   * @param {number} length
   */
  addTo(mix, sound, length) {
    const step = (this.wanted - this.#gain) / length;
    let gain = this.#gain;
    for (let i = 0; i < length; i += 1) {
      gain += step;
      mix[i] += gain * sound[i];
    }
    this.#gain = this.wanted;
  }
}
