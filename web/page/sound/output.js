// One audio context: the worklet that plays, and its way to the loudspeaker.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { PacketRing } from "../../shared/packet_ring.js";
import { ContextChanges } from "./context_changes.js";
import { Loudspeaker } from "./loudspeaker.js";

/** @typedef {import("./statistics_panel.js").TalkerStatistics & {talkerId: number}} PlayedStatistics */

export class Output {
  context;
  loudspeaker;
  changes;
  #volume;
  #meter;
  #metered;
  /** @type {AudioWorkletNode | null} */
  #playout = null;
  /** @type {(talkers: PlayedStatistics[]) => void} */
  onStatistics = () => {};

  /**
   * @param {number} latencyS how much sound the loudspeaker is to be handed at a time; 0 for the least
   * @param {string} [deviceId] of the loudspeaker; empty where the system is to choose
   */
  constructor(latencyS, deviceId = "") {
    this.context = openContext(latencyS, deviceId);
    this.loudspeaker = new Loudspeaker(this.context);
    this.changes = new ContextChanges(this.context);
    this.#volume = new GainNode(this.context);
    this.#meter = new AnalyserNode(this.context);
    this.#metered = new Float32Array(this.#meter.fftSize);
  }

  /** Resolves when the worklets are there and their codec is compiled. */
  async load() {
    const { audioWorklet } = this.context;
    await Promise.all(["capture", "playout"].map((name) => audioWorklet.addModule(workletUrl(name))));
    this.#playout = workletNode(this.context, "playout", 0, 2);
    this.#playout.connect(this.#volume).connect(this.loudspeaker.input);
    this.#volume.connect(this.#meter);
    await this.#ready(this.#playout);
  }

  /**
   * Lets the worklet talk to the worker without this thread; gives the worker's end, and the memory that both
   * share: from here, as Firefox loses shared memory that a worker sends to a worklet.
   */
  connectWorker() {
    const { port1, port2 } = new MessageChannel();
    const memory = PacketRing.memory();
    this.#send({ type: "connect", worker: port1, memory }, [port1]);
    return { playout: port2, memory };
  }

  askStatistics() {
    this.#send({ type: "askStatistics" });
  }

  /** @param {number} gain by which all that comes from the room is multiplied */
  set gain(gain) {
    this.#volume.gain.value = gain;
  }

  /** How loud it is what is played just now, in −dBov. */
  get level() {
    this.#meter.getFloatTimeDomainData(this.#metered);
    return levelOf(this.#metered);
  }

  close() {
    this.context.onstatechange = null;
    return this.context.close();
  }

  /**
   * @param {import("../../shared/worklet_messages.js").PlayoutSetup} message
   * @param {Transferable[]} [moved]
   */
  #send(message, moved = []) {
    this.#playout?.port.postMessage(message, moved);
  }

  /**
   * @param {AudioWorkletNode} playout
   * @returns {Promise<void>}
   */
  #ready(playout) {
    return new Promise((resolve) => {
      playout.port.onmessage = (event) => {
        /** @type {import("../../shared/worklet_messages.js").PlayoutReport} */
        const report = event.data;
        if (report.type === "ready") resolve();
        else this.onStatistics(report.talkers);
      };
    });
  }
}

/** @param {string} name */
export const workletUrl = (name) => new URL(`../../worklets/${name}.js`, import.meta.url);

/**
 * @param {number} latencyHint
 * @param {string} sinkId
 */
function openContext(latencyHint, sinkId) {
  try {
    /** @type {AudioContextOptions & {sinkId: string}} */
    const options = { sampleRate: SAMPLE_RATE, latencyHint, sinkId };
    return new AudioContext(options);
  } catch {
    // at its own rate; the worklets resample
    return new AudioContext({ latencyHint: "interactive" });
  }
}

/**
 * @param {AudioContext} context
 * @param {string} name
 * @param {number} numberOfInputs
 * @param {number} channels of its output
 */
export function workletNode(context, name, numberOfInputs, channels) {
  return new AudioWorkletNode(context, name, {
    channelCount: 1,
    channelCountMode: "explicit",
    numberOfInputs,
    outputChannelCount: [channels],
  });
}
