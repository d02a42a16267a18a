// Chirps, and finding them again in what a microphone heard, to a fraction of a sample. Twin of
// measure/acoustic.py, which says why it is done so.

import { SAMPLE_RATE } from "./audio_format.js";
import { transform, transformBack, zeros } from "./fft.js";

/** What the smallest loudspeaker plays and every microphone hears. */
const BAND_HZ = [1_000, 6_000];
const EDGE_HZ = 200;
const CHIRP_SAMPLES = 0.04 * SAMPLE_RATE;
const LOUDNESS = 0.5;
const LEAST_LIKENESS = 0.4;
const APART_SAMPLES = 0.015 * SAMPLE_RATE;
const LATEST_SAMPLES = 0.7 * SAMPLE_RATE;
const LEAST_ENERGY = 1e-4 * Math.sqrt(CHIRP_SAMPLES);
const BLOCK = SAMPLE_RATE / 50;

/**
 * A chirp that begins at `position`, in samples and parts of one; `likeness` from 0 to 1, whatever its
 * loudness.
 * @typedef {{position: number, likeness: number}} Found
 */

/** One sweep through the band, swelling and fading (Hann). */
export function chirp() {
  const [low, high] = BAND_HZ;
  return Float32Array.from({ length: CHIRP_SAMPLES }, (_, i) => {
    const time = i / SAMPLE_RATE;
    const phase = 2 * Math.PI * (low * time + ((high - low) * time ** 2 * SAMPLE_RATE) / (2 * CHIRP_SAMPLES));
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (CHIRP_SAMPLES - 1));
    return LOUDNESS * hann * Math.sin(phase);
  });
}

const TEMPLATE = chirp();
const TEMPLATE_ENERGY = Math.hypot(...TEMPLATE);

/**
 * All chirps in `samples`, in order.
 * @param {Float32Array} samples
 * @returns {Found[]}
 */
export function findChirps(samples) {
  const likeness = likenessOf(samples);
  const found = [];
  for (let place = 1; place < likeness.length - 1; place += 1) {
    const [before, peak, after] = likeness.subarray(place - 1, place + 2);
    if (peak < LEAST_LIKENESS || peak < before || peak <= after) continue;
    const around = likeness.subarray(Math.max(0, place - APART_SAMPLES), place + APART_SAMPLES + 1);
    if (around.some((other) => other > peak)) continue;
    const vertex = (before - after) / (2 * (before - 2 * peak + after));
    found.push({ position: place + vertex, likeness: peak });
  }
  return found;
}

/**
 * How many samples after the first chirp of a recording the same one came back; null where it didn't.
 * @param {Found[]} found
 */
export function echoDelay([heard, ...rest]) {
  const near = rest.filter(({ position }) => position - heard.position <= LATEST_SAMPLES);
  if (near.length === 0) return null;
  const echo = near.reduce((best, other) => (other.likeness > best.likeness ? other : best));
  return echo.position - heard.position;
}

/**
 * How loud it is in the chirps' band most of the time: the median of blocks of 20 ms.
 * @param {Float32Array} samples
 */
export function noiseDbfs(samples) {
  const { re } = inBand(samples);
  const powers = Array.from({ length: Math.floor(samples.length / BLOCK) }, (_, i) => {
    const block = re.subarray(i * BLOCK, (i + 1) * BLOCK);
    return block.reduce((sum, sample) => sum + sample * sample, 0) / BLOCK;
  }).sort((a, b) => a - b);
  if (powers.length === 0) return -Infinity;
  const middle = (powers[(powers.length - 1) >> 1] + powers[powers.length >> 1]) / 2;
  return 10 * Math.log10(middle + 1e-12);
}

/** @param {Float32Array} samples */
export function peakDbfs(samples) {
  return 20 * Math.log10(samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) + 1e-6);
}

/**
 * How much what begins at each sample is like a chirp, from 0 to 1.
 * @param {Float32Array} samples
 */
function likenessOf(samples) {
  const length = samples.length - CHIRP_SAMPLES + 1;
  if (length < 1) return new Float64Array(0);
  const heard = inBand(samples);
  const envelope = envelopeOf(samples);
  let energy = 0;
  for (let i = 0; i < CHIRP_SAMPLES; i += 1) energy += heard.re[i] ** 2;
  return Float64Array.from({ length }, (_, i) => {
    const around = Math.max(Math.sqrt(Math.max(energy, 0)), LEAST_ENERGY);
    energy += heard.re[i + CHIRP_SAMPLES] ** 2 - heard.re[i] ** 2;
    return envelope[i] / (TEMPLATE_ENERGY * around);
  });
}

/**
 * Of the correlation with a chirp, of the analytic signal.
 * @param {Float32Array} samples
 */
function envelopeOf(samples) {
  const { re, im } = spectrumInBand(samples);
  const template = zeros(re.length);
  template.re.set(TEMPLATE);
  transform(template);
  for (let i = 0; i < re.length; i += 1) {
    const scale = i < re.length / 2 ? 2 : 0;
    [re[i], im[i]] = [
      scale * (re[i] * template.re[i] + im[i] * template.im[i]),
      scale * (im[i] * template.re[i] - re[i] * template.im[i]),
    ];
  }
  transformBack({ re, im });
  return re.map((value, i) => Math.hypot(value, im[i]));
}

/**
 * `samples` without what is outside the chirps' band, and without delay.
 * @param {Float32Array} samples
 */
function inBand(samples) {
  const spectrum = spectrumInBand(samples);
  transformBack(spectrum);
  return spectrum;
}

/** @param {Float32Array} samples */
function spectrumInBand(samples) {
  const size = 2 ** Math.ceil(Math.log2(samples.length + CHIRP_SAMPLES));
  const spectrum = zeros(size);
  spectrum.re.set(samples);
  transform(spectrum);
  for (let i = 0; i < size; i += 1) {
    const frequency = (Math.min(i, size - i) * SAMPLE_RATE) / size;
    const inside = Math.min(frequency - BAND_HZ[0], BAND_HZ[1] - frequency);
    const gain = Math.min(1, Math.max(0, inside / EDGE_HZ + 1));
    spectrum.re[i] *= gain;
    spectrum.im[i] *= gain;
  }
  return spectrum;
}
