// Gathers the microphone's samples into frames at 48 kHz, as long as a packet, and sends them straight to the
// worker.

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
    this.#framers.forEach((framer, i) => {
      framer.onFrame = (samples) =>
        this.#send({ type: "captured", samples, channels: i + 1, atMs: Date.now() });
    });
  }

  /** @param {CaptureSetup} message */
  #onPage({ worker }) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#onWorker(data);
  }

  /** @param {import("../shared/worklet_messages.js").CaptureOrder} order */
  #onWorker({ samples }) {
    for (const framer of this.#framers) framer.frameSamples = samples;
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
