// The page's one audio context: microphone → capture worklet, playout worklet → loudspeaker.
//
// Everything that takes time happens in `load`, before anybody presses Join.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { chirp } from "../../shared/chirps.js";
import { PacketRing } from "../../shared/packet_ring.js";
import { sleep } from "../../shared/sleep.js";
import { canReadTracks, isProcessed, readingOf } from "../../shared/track_reader.js";
import { ContextChanges } from "./context_changes.js";
import { playSound } from "./cues.js";
import { Loudspeaker } from "./loudspeaker.js";
import { Rest } from "./rest.js";

/** @typedef {import("./statistics_panel.js").TalkerStatistics & {talkerId: number}} PlayedStatistics */

/** For sound to start: where a browser waits for a tap first, this does not wait for it. */
const STARTS_MS = 1_000;

export class AudioGraph {
  #context = openContext();
  #loudspeaker = new Loudspeaker(this.#context);
  #changes = new ContextChanges(this.#context);
  #rest = new Rest(this.#changes);
  #others = new GainNode(this.#context);
  #volume = new GainNode(this.#context);
  #gain = 1;
  #loudspeakerMuted = false;
  #meter = new AnalyserNode(this.#context);
  #metered = new Float32Array(this.#meter.fftSize);
  /** @type {AudioWorkletNode | null} */
  #capture = null;
  #captured = new MessageChannel();
  /** @type {AudioWorkletNode | null} */
  #playout = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #microphone = null;
  #wanted = false;
  #paused = false;
  /** @type {(talkers: PlayedStatistics[]) => void} */
  onStatistics = () => {};
  /**
   * Gets the microphone's sound where the worker can read it by itself.
   * @type {(reading: import("../../shared/track_reader.js").Reading, channels: number,
   *   processed: boolean) => void}
   */
  onReading = () => {};
  /** The device has stopped the sound in the middle, or lets it go on. @type {(runs: boolean) => void} */
  onRuns = () => {};

  constructor() {
    this.#context.onstatechange = () => this.#onState();
  }

  static get supported() {
    // the latter can be forbidden
    return "AudioWorkletNode" in globalThis && "WebAssembly" in globalThis;
  }

  /** Resolves when the worklets are there and their codec is compiled. */
  async load() {
    const { audioWorklet } = this.#context;
    await Promise.all(["capture", "playout"].map((name) => audioWorklet.addModule(workletUrl(name))));
    this.#playout = workletNode(this.#context, "playout", 0, 2);
    this.#playout.connect(this.#others).connect(this.#volume).connect(this.#loudspeaker.input);
    this.#volume.connect(this.#meter);
    await this.#ready(this.#playout);
  }

  /**
   * Lets both worklets talk to the worker without this thread; gives the worker's ends, and the memory that
   * it shares with playout: from here, as Firefox loses shared memory that a worker sends to a worklet.
   */
  connectWorker() {
    const playout = new MessageChannel();
    const memory = PacketRing.memory();
    if (this.#playout)
      sendTo(this.#playout, { type: "connect", worker: playout.port1, memory }, [playout.port1]);
    return { capture: this.#captured.port2, playout: playout.port2, memory };
  }

  /** Lets time pass in the audio context; browsers allow it only from a press of a button. */
  resume() {
    this.#rest.cancel();
    this.#wanted = true;
    return this.#goOn();
  }

  #goOn() {
    this.#loudspeaker.play();
    return this.#changes.resume();
  }

  /** Whether time passes in the audio context; most browsers let it only after a press of a button. */
  async start() {
    await Promise.race([this.resume(), sleep(STARTS_MS)]);
    return this.runs;
  }

  suspend() {
    this.#rest.cancel();
    this.#wanted = this.#paused = false;
    this.#loudspeaker.pause();
    return this.#changes.suspend();
  }

  /** Goes on where the device has stopped it. */
  recover() {
    // not yet: there will be another touch
    if (this.#wanted && !this.#rest.isResting) this.#goOn().catch(() => {});
  }

  /** @param {boolean} alone nobody is there whom one could hear */
  set alone(alone) {
    // elsewhere the microphone needs the context, too
    this.#rest.alone = alone && this.#wanted && canReadTracks;
  }

  /** Something is to be heard, whoever is there. */
  awake() {
    this.#rest.end();
  }

  #onState() {
    if (!this.#wanted || this.#rest.isResting || this.#changes.underWay) return;
    if (this.runs !== this.#paused) return;
    this.#paused = !this.runs;
    this.onRuns(this.runs);
    this.recover();
  }

  close() {
    return this.#context.close();
  }

  /**
   * @param {MediaStream | null} stream of the microphone; null if there is no microphone
   * @param {number} [channels] to be heard of it
   */
  listenTo(stream, channels = 1) {
    this.#microphone?.disconnect();
    this.#microphone = null;
    const [track] = stream?.getAudioTracks() ?? [];
    const reading = track && readingOf(track);
    if (reading) this.onReading(reading, channels, isProcessed(track));
    else if (stream) this.#microphone = this.#context.createMediaStreamSource(stream);
    if (!this.#microphone) return;
    this.#capture ??= this.#newCapture();
    this.#capture.channelCount = channels;
    this.#microphone.connect(this.#capture);
  }

  /** Made where it is needed alone: a worklet takes time even while it hears nothing. */
  #newCapture() {
    const capture = workletNode(this.#context, "capture", 1, 1);
    // it writes nothing, but some browsers run only what leads to the loudspeaker
    capture.connect(this.#context.destination);
    sendTo(capture, { type: "connect", worker: this.#captured.port1 }, [this.#captured.port1]);
    return capture;
  }

  static get canChooseLoudspeaker() {
    return "setSinkId" in AudioContext.prototype;
  }

  /** @param {string} deviceId as for `ContextChanges` */
  async playOn(deviceId) {
    await this.#changes.playOn(deviceId);
    this.recover();
  }

  /** How loud it is what is played just now, in −dBov. */
  get outputLevel() {
    this.#meter.getFloatTimeDomainData(this.#metered);
    return levelOf(this.#metered);
  }

  /** @param {boolean} muted all that comes from the room, while mouth to ear is measured */
  set othersMuted(muted) {
    this.#others.gain.value = muted ? 0 : 1;
  }

  /** @param {boolean} muted the same, as long as somebody wants it */
  set loudspeakerMuted(muted) {
    this.#loudspeakerMuted = muted;
    this.#setVolume();
  }

  /** @param {number} gain by which all that comes from the room is multiplied */
  set gain(gain) {
    this.#gain = gain;
    this.#setVolume();
  }

  #setVolume() {
    this.#volume.gain.value = this.#loudspeakerMuted ? 0 : this.#gain;
  }

  chirp() {
    const buffer = new AudioBuffer({ length: chirp().length, sampleRate: SAMPLE_RATE });
    buffer.copyToChannel(chirp(), 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    this.awake();
    source.connect(this.#loudspeaker.input);
    source.start();
  }

  /** @param {import("./cues.js").Sound} sound for this device alone */
  cue(sound) {
    this.awake();
    playSound(this.#context, this.#loudspeaker.input, sound);
  }

  askStatistics() {
    if (this.#playout) sendTo(this.#playout, { type: "askStatistics" });
  }

  /** As `Loudspeaker` tells it. */
  get sounded() {
    return this.#loudspeaker.sounded;
  }

  get runs() {
    return this.#context.state === "running";
  }

  /** @returns {import("./statistics_panel.js").SoundStatistics} */
  get statistics() {
    return { sampleRate: this.#context.sampleRate, outputMs: this.#loudspeaker.latencyMs };
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
 * @param {AudioWorkletNode} node
 * @param {import("../../shared/worklet_messages.js").PlayoutSetup
 *   | import("../../shared/worklet_messages.js").CaptureSetup} message
 * @param {Transferable[]} [moved]
 */
function sendTo(node, message, moved = []) {
  node.port.postMessage(message, moved);
}

function openContext() {
  try {
    return new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 0 });
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
function workletNode(context, name, numberOfInputs, channels) {
  return new AudioWorkletNode(context, name, {
    channelCount: 1,
    channelCountMode: "explicit",
    numberOfInputs,
    outputChannelCount: [channels],
  });
}
