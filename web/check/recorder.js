// What the microphone hears, on the page's main thread: for checks, never for talking.

import { joined } from "../shared/framer.js";
import { sleep } from "../shared/sleep.js";
import { TrackReader } from "../shared/track_reader.js";

export class Recorder {
  #reader = new TrackReader();
  /** @type {Float32Array[]} */
  #frames = [];

  constructor() {
    this.#reader.onFrame = (frame) => this.#frames.push(frame.slice());
  }

  /**
   * @param {import("../shared/track_reader.js").Reading} reading the microphone's track,
   *   where this browser gives it
   */
  read(reading) {
    this.#reader.read(reading, 1);
  }

  /** @param {MessagePort} port of the capture worklet */
  connect(port) {
    port.onmessage = ({ data }) => this.#frames.push(data.samples);
  }

  /**
   * All that is heard from now on.
   * @param {number} ms
   */
  async hear(ms) {
    this.#frames = [];
    await sleep(ms);
    return joined(this.#frames);
  }
}
