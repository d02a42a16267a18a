// What every page with voices has: the worker, its sound, and the lines between them.

import { AudioGraph } from "./sound/audio_graph.js";

export class Engine {
  #worker;
  sound = new AudioGraph();
  /** Resolves when a room can be joined. @type {Promise<void>} */
  loaded;
  /** @type {(report: import("../shared/messages.js").Report) => void} */
  onReport = () => {};

  /** @param {Worker} worker of worker.js */
  constructor(worker) {
    this.#worker = worker;
    this.loaded = this.#load();
    this.sound.onReading = (reading, channels, processed) => {
      const kind = processed ? "processed" : "unprocessed";
      this.order({ type: "microphone", reading, channels, kind }, [reading]);
    };
    this.sound.onPlayout = (ports) => this.#connect(ports);
    worker.addEventListener("message", ({ data }) => this.onReport(data));
  }

  /**
   * @param {import("../shared/messages.js").Order} order
   * @param {Transferable[]} [transfer]
   */
  order(order, transfer = []) {
    if (order.type === "startReplay") this.sound.awake();
    this.#worker.postMessage(order, transfer);
  }

  close() {
    this.#worker.terminate();
    this.sound.close();
  }

  async #load() {
    const ready = new Promise((resolve) => {
      this.#worker.addEventListener("message", ({ data }) => data.type === "ready" && resolve(data));
      this.#worker.addEventListener("error", () => resolve(null));
    });
    await Promise.all([ready, this.sound.load()]);
    this.#connect(this.sound.connectWorker());
  }

  /** @param {import("../shared/messages.js").Ports} ports of worklets */
  #connect({ memory, ...ports }) {
    this.order({ type: "ports", ...ports, memory }, Object.values(ports));
  }
}
