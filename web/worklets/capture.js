// Gathers the microphone's samples into frames of 10 ms at 48 kHz and sends them straight to the worker.

import { Framer } from "../framer.js";

const QUANTUM = 128;

class Capture extends AudioWorkletProcessor {
  #framer = new Framer(sampleRate, QUANTUM);
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#worker = data;
    };
    this.#framer.onFrame = (samples) => this.#worker?.postMessage({ samples, atMs: Date.now() }); // copies them
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const input = inputs[0][0];
    if (input && this.#worker) this.#framer.push(input, input.length);
    return true;
  }
}

registerProcessor("capture", Capture);
