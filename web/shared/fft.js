// The discrete Fourier transform of a power of two of complex numbers, in place (Cooley and Tukey, 1965).

/** @typedef {{re: Float64Array, im: Float64Array}} Complex */

/**
 * @param {number} size a power of two
 * @returns {Complex}
 */
export function zeros(size) {
  return { re: new Float64Array(size), im: new Float64Array(size) };
}

/**
 * The first half of a turn in steps of 1 / `size`: who transforms often keeps it.
 * @param {number} size
 * @returns {Complex}
 */
export function halfTurn(size) {
  const angles = Float64Array.from({ length: size / 2 }, (_, step) => (-2 * Math.PI * step) / size);
  return { re: angles.map(Math.cos), im: angles.map(Math.sin) };
}

/**
 * @param {Complex} values
 * @param {Complex} [turn] the half turn of their size
 */
export function transform({ re, im }, turn = halfTurn(re.length)) {
  reorder(re, im);
  for (let half = 1; half < re.length; half *= 2) {
    for (let first = 0; first < half; first += 1) {
      const step = (first * turn.re.length) / half;
      butterflies(re, im, half, first, turn.re[step], turn.im[step]);
    }
  }
}

/** @param {Complex} values */
export function transformBack(values) {
  const { re, im } = values;
  transform({ re: im, im: re }); // the same with the two swapped, except for the scale
  for (let i = 0; i < re.length; i += 1) {
    re[i] /= re.length;
    im[i] /= re.length;
  }
}

/**
 * @param {Float64Array} re
 * @param {Float64Array} im
 * @param {number} half
 * @param {number} first
 * @param {number} cos
 * @param {number} sin
 */
function butterflies(re, im, half, first, cos, sin) {
  for (let upper = first; upper < re.length; upper += 2 * half) {
    const lower = upper + half;
    const turnedRe = re[lower] * cos - im[lower] * sin;
    const turnedIm = re[lower] * sin + im[lower] * cos;
    re[lower] = re[upper] - turnedRe;
    im[lower] = im[upper] - turnedIm;
    re[upper] += turnedRe;
    im[upper] += turnedIm;
  }
}

/**
 * Puts each value where the bits of its place, read backwards, say.
 * @param {Float64Array} re
 * @param {Float64Array} im
 */
function reorder(re, im) {
  for (let place = 1, mirrored = 0; place < re.length; place += 1) {
    let bit = re.length >> 1;
    for (; mirrored & bit; bit >>= 1) mirrored ^= bit;
    mirrored ^= bit;
    if (place >= mirrored) continue;
    [re[place], re[mirrored]] = [re[mirrored], re[place]];
    [im[place], im[mirrored]] = [im[mirrored], im[place]];
  }
}
