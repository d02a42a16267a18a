// How loud one talker is in the mix. A change is spread over a block, so that nobody hears a click.

export class Fader {
  #gain = 1;
  #wanted = 1;

  /** @param {number} gain multiplies the samples; a gain that is not finite changes nothing */
  fadeTo(gain) {
    if (Number.isFinite(gain)) this.#wanted = gain;
  }

  /**
   * Adds `length` samples of each of the first `planes` of `sound` to the same of `mix`.
   * @param {Float32Array[]} mix
   * @param {Float32Array[]} sound
   * @param {number} planes
   * @param {number} length
   */
  addTo(mix, sound, planes, length) {
    const step = (this.#wanted - this.#gain) / Math.max(length, 1);
    for (let plane = 0; plane < planes; plane += 1) {
      const to = mix[plane];
      const from = sound[plane];
      let gain = this.#gain;
      for (let i = 0; i < length; i += 1) {
        gain += step;
        to[i] += gain * from[i];
      }
    }
    this.#gain = this.#wanted;
  }
}
