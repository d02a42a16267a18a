// Changes the sample rate of a stream by cubic interpolation: enough for voice where a device insists on its
// own rate.
//
// The output's positions walk along the input in steps of `fromRate / toRate`. The last input samples are
// kept from call to call, so that blocks join without a seam: an output sample lies between two of the input
// and looks at one more on either side, and in small steps several outputs lie between the same two.

const HISTORY = 4;

export class Resampler {
  #step;
  /** Where the next output sample lies, from the oldest kept sample on. */
  #position = 2;
  #kept = new Float32Array(HISTORY);

  /**
   * @param {number} fromRate
   * @param {number} toRate
   */
  constructor(fromRate, toRate) {
    this.#step = fromRate / toRate;
  }

  /**
   * How many input samples the next `outputLength` output samples take.
   * @param {number} outputLength
   */
  inputNeeded(outputLength) {
    if (this.#step === 1) return outputLength;
    const last = this.#position + this.#step * (outputLength - 1);
    return Math.max(0, Math.floor(last) + 3 - HISTORY);
  }

  /**
   * Takes all of the first `inputLength` samples of `input`.
   * @param {Float32Array} input
   * @param {number} inputLength
   * @param {Float32Array} output has room for what comes of them
   * @returns {number} how many samples were written to `output`
   */
  process(input, inputLength, output) {
    if (this.#step === 1) return copy(input, inputLength, output);
    let written = 0;
    let position = this.#position;
    while (Math.floor(position) + 2 < HISTORY + inputLength && written < output.length) {
      output[written] = this.#interpolate(input, position);
      written += 1;
      position = this.#position + this.#step * written; // rounded as in inputNeeded
    }
    this.#keep(input, inputLength);
    this.#position = position - inputLength;
    return written;
  }

  /**
   * @param {Float32Array} input
   * @param {number} position
   */
  #interpolate(input, position) {
    const i = Math.floor(position);
    const t = position - i;
    const before = this.#at(input, i - 1);
    const from = this.#at(input, i);
    const to = this.#at(input, i + 1);
    const after = this.#at(input, i + 2);
    const a = (after - before + 3 * (from - to)) / 2;
    const b = before - (5 * from) / 2 + 2 * to - after / 2;
    return ((a * t + b) * t + (to - before) / 2) * t + from;
  }

  /**
   * @param {Float32Array} input
   * @param {number} i
   */
  #at(input, i) {
    return i < HISTORY ? this.#kept[i] : input[i - HISTORY];
  }

  /**
   * @param {Float32Array} input
   * @param {number} inputLength
   */
  #keep(input, inputLength) {
    for (let i = 0; i < HISTORY; i += 1) this.#kept[i] = this.#at(input, inputLength + i);
  }
}

/**
 * @param {Float32Array} input
 * @param {number} length
 * @param {Float32Array} output
 */
function copy(input, length, output) {
  for (let i = 0; i < length; i += 1) output[i] = input[i];
  return length;
}
