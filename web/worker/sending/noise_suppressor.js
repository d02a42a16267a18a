// RNNoise, a small neural network that tells a voice from noise: the only door to @jitsi/rnnoise-wasm. It
// weighs 1.9 MB, so only those load it who asked for it.

// @ts-expect-error it has no types
import * as rnnoise from "../../node_modules/@jitsi/rnnoise-wasm/dist/rnnoise-sync.js";
import { SAMPLES_PER_FRAME } from "../../shared/audio_format.js";

/** 20 ms: it overlaps its frames of 10 ms, and looks one of them ahead. */
export const DELAY_SAMPLES = 960;

/** It was taught with samples of 16 bits. */
const FULL_SCALE = 32_768;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * The library, as far as we use it; `HEAPF32` is another one after its memory grew.
 * @typedef {object} Library
 * @property {Float32Array} HEAPF32
 * @property {(bytes: number) => number} _malloc
 * @property {(address: number) => void} _free
 * @property {(model: number) => number} _rnnoise_create 0 stands for the model that it comes with
 * @property {(state: number) => void} _rnnoise_destroy
 * @property {(state: number, to: number, from: number) => number} _rnnoise_process_frame
 */

/** Takes frames of 10 ms of one voice, mono. */
export class NoiseSuppressor {
  delaySamples = DELAY_SAMPLES;
  #library;
  #state;
  #frame;

  /** @param {Library} library */
  constructor(library) {
    this.#library = library;
    this.#state = library._rnnoise_create(0);
    this.#frame = library._malloc(SAMPLES_PER_FRAME * BYTES);
  }

  /**
   * What of a frame is a voice, `delaySamples` late.
   * @param {Float32Array} samples 480 at 48 kHz, full scale at ±1, all finite
   */
  process(samples) {
    const first = this.#frame / BYTES;
    for (let i = 0; i < SAMPLES_PER_FRAME; i += 1) this.#library.HEAPF32[first + i] = samples[i] * FULL_SCALE;
    this.#library._rnnoise_process_frame(this.#state, this.#frame, this.#frame);
    return this.#library.HEAPF32.slice(first, first + SAMPLES_PER_FRAME).map((sample) => sample / FULL_SCALE);
  }

  free() {
    this.#library._rnnoise_destroy(this.#state);
    this.#library._free(this.#frame);
  }
}

/**
 * Compiles the library; what it returns makes a suppressor in no time.
 * @returns {Promise<() => NoiseSuppressor>}
 */
export async function loadNoiseSuppression() {
  const library = /** @type {Library} */ (await rnnoise.default());
  return () => new NoiseSuppressor(library);
}
