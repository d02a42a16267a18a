// Gathers the microphone's samples into frames of 10 ms at 48 kHz and sends them straight to the worker.

import { Framer } from "../shared/framer.js";

/** How many samples browsers process at once (Web Audio API, "render quantum size"). */
const QUANTUM = 128;

/** @typedef {import("../shared/worklet_messages.js").CaptureSetup} CaptureSetup */
/** @typedef {import("../shared/worklet_messages.js").Captured} Captured */

class Capture extends AudioWorkletProcessor {
  #framers = [1, 2].map((channels) => new Framer(sampleRate, QUANTUM, channels));
  /** @type {MessagePort | null} */
  #worker = null;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#onPage(data);
    for (const framer of this.#framers) {
      framer.onFrame = (samples) => this.#send({ type: "captured", samples, atMs: Date.now() });
    }
  }

  /** @param {CaptureSetup} message */
  #onPage({ worker }) {
    this.#worker = worker;
  }

  /** @param {Captured} message copied on its way */
  #send(message) {
    this.#worker?.postMessage(message);
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const planes = inputs[0];
    if (planes.length > 0 && this.#worker) this.#framers[planes.length - 1].push(planes, planes[0].length);
    return true;
  }
}

registerProcessor("capture", Capture);
