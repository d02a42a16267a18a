// Gathers the microphone's samples into frames of 10 ms at 48 kHz and sends them straight to the worker.

import { Framer } from "../shared/framer.js";

const QUANTUM = 128;

class Capture extends AudioWorkletProcessor {
  #framers = [1, 2].map((channels) => new Framer(sampleRate, QUANTUM, channels));
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      this.#worker = data;
    };
    for (const framer of this.#framers) {
      framer.onFrame = (samples) => this.#worker?.postMessage({ samples, atMs: Date.now() }); // copies them
    }
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const planes = inputs[0];
    if (planes.length > 0 && this.#worker) this.#framers[planes.length - 1].push(planes, planes[0].length);
    return true;
  }
}

registerProcessor("capture", Capture);
