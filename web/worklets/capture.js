// Gathers the microphone's samples into blocks of 10 ms at 48 kHz and sends them straight to the worker.

import { SAMPLE_RATE, SAMPLES_PER_FRAME } from "../audio_format.js";
import { Resampler } from "../resampler.js";

const QUANTUM = 128;

class Capture extends AudioWorkletProcessor {
  #resampler = new Resampler(sampleRate, SAMPLE_RATE);
  #resampled = new Float32Array(Math.ceil((QUANTUM * SAMPLE_RATE) / sampleRate) + 2);
  #block = new Float32Array(SAMPLES_PER_FRAME);
  #filled = 0;
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#worker = data;
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const input = inputs[0][0];
    if (!input || !this.#worker) return true;
    const length = this.#resampler.process(input, input.length, this.#resampled);
    for (let i = 0; i < length; i += 1) {
      this.#block[this.#filled] = this.#resampled[i];
      this.#filled += 1;
      if (this.#filled === SAMPLES_PER_FRAME) this.#send(this.#worker);
    }
    return true;
  }

  /** @param {MessagePort} worker */
  #send(worker) {
    worker.postMessage(this.#block); // copies it
    this.#filled = 0;
  }
}

registerProcessor("capture", Capture);
