// The page's sound: microphone → capture worklet, playout worklet → loudspeaker.
//
// Everything that takes time happens in `load`, before anybody presses Join.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { chirp } from "../../shared/chirps.js";
import { sleep } from "../../shared/sleep.js";
import { canReadTracks, isProcessed, readingOf } from "../../shared/track_reader.js";
import { playSound } from "./cues.js";
import { Output, workletNode } from "./output.js";
import { OutputLatency } from "./output_latency.js";
import { Rest } from "./rest.js";

/** For sound to start: where a browser waits for a tap first, this does not wait for it. */
const STARTS_MS = 1_000;

export class AudioGraph {
  #latency = new OutputLatency();
  #loudspeakerId = "";
  #output = this.#newOutput();
  #rest = new Rest({
    suspend: () => this.#output.changes.suspend(),
    resume: () => this.#output.changes.resume(),
  });
  #gain = 1;
  #loudspeakerMuted = false;
  #othersMuted = false;
  /** @type {AudioWorkletNode | null} */
  #capture = null;
  #captured = new MessageChannel();
  /** @type {MediaStreamAudioSourceNode | null} */
  #microphone = null;
  #wanted = false;
  #paused = false;
  /** @type {(talkers: import("./output.js").PlayedStatistics[]) => void} */
  onStatistics = () => {};
  /**
   * Gets the microphone's sound where the worker can read it by itself.
   * @type {(reading: import("../../shared/track_reader.js").Reading, channels: number,
   *   processed: boolean) => void}
   */
  onReading = () => {};
  /** The device has stopped the sound in the middle, or lets it go on. @type {(runs: boolean) => void} */
  onRuns = () => {};
  /**
   * Another worklet plays from now on.
   * @type {(ports: import("../../shared/messages.js").Ports) => void}
   */
  onPlayout = () => {};

  static get supported() {
    // the latter can be forbidden
    return "AudioWorkletNode" in globalThis && "WebAssembly" in globalThis;
  }

  /** Resolves when the worklets are there and their codec is compiled. */
  load() {
    return this.#output.load();
  }

  /** Lets both worklets talk to the worker without this thread; gives the worker's ends. */
  connectWorker() {
    return { capture: this.#captured.port2, ...this.#output.connectWorker() };
  }

  /** Lets time pass in the audio context; browsers allow it only from a press of a button. */
  resume() {
    this.#rest.cancel();
    this.#wanted = true;
    return this.#goOn();
  }

  #goOn() {
    this.#output.loudspeaker.play();
    return this.#output.changes.resume();
  }

  /** Whether time passes in the audio context; most browsers let it only after a press of a button. */
  async start() {
    await Promise.race([this.resume(), sleep(STARTS_MS)]);
    return this.runs;
  }

  suspend() {
    this.#rest.cancel();
    this.#wanted = this.#paused = false;
    this.#output.loudspeaker.pause();
    return this.#output.changes.suspend();
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
    if (!this.#wanted || this.#rest.isResting || this.#output.changes.underWay) return;
    if (this.runs !== this.#paused) return;
    this.#paused = !this.runs;
    this.onRuns(this.runs);
    this.recover();
  }

  close() {
    return this.#output.close();
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
    else if (stream) this.#microphone = this.#output.context.createMediaStreamSource(stream);
    if (!this.#microphone) return;
    this.#capture ??= this.#newCapture();
    this.#capture.channelCount = channels;
    this.#microphone.connect(this.#capture);
  }

  /** Made where it is needed alone: a worklet takes time even while it hears nothing. */
  #newCapture() {
    const { context } = this.#output;
    const capture = workletNode(context, "capture", 1, 1);
    // it writes nothing, but some browsers run only what leads to the loudspeaker
    capture.connect(context.destination);
    /** @type {import("../../shared/worklet_messages.js").CaptureSetup} */
    const setup = { type: "connect", worker: this.#captured.port1 };
    capture.port.postMessage(setup, [this.#captured.port1]);
    return capture;
  }

  static get canChooseLoudspeaker() {
    return "setSinkId" in AudioContext.prototype;
  }

  /** @param {string} deviceId as for `ContextChanges` */
  async playOn(deviceId) {
    this.#loudspeakerId = deviceId;
    await this.#output.changes.playOn(deviceId);
    this.recover();
  }

  /** How loud it is what is played just now, in −dBov. */
  get outputLevel() {
    return this.#output.level;
  }

  /** @param {boolean} muted all that comes from the room, while mouth to ear is measured */
  set othersMuted(muted) {
    this.#othersMuted = muted;
    this.#setVolume();
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

  #setVolume(output = this.#output) {
    output.gain = this.#loudspeakerMuted || this.#othersMuted ? 0 : this.#gain;
  }

  chirp() {
    const buffer = new AudioBuffer({ length: chirp().length, sampleRate: SAMPLE_RATE });
    buffer.copyToChannel(chirp(), 0);
    const source = new AudioBufferSourceNode(this.#output.context, { buffer });
    this.awake();
    source.connect(this.#output.loudspeaker.input);
    source.start();
  }

  /** @param {import("./cues.js").Sound} sound for this device alone */
  cue(sound) {
    this.awake();
    playSound(this.#output.context, this.#output.loudspeaker.input, sound);
  }

  askStatistics() {
    this.#output.askStatistics();
  }

  /** What sounded last, as `Loudspeaker` tells it. One that runs out of sound gets more at a time. */
  look() {
    const { changes, loudspeaker } = this.#output;
    const { sounded } = loudspeaker;
    changes.unstick();
    // elsewhere the microphone needs the context, too
    if (sounded && canReadTracks && this.#latency.look(sounded)) this.#replaceOutput();
    return sounded;
  }

  get runs() {
    return this.#output.context.state === "running";
  }

  /** @returns {import("./statistics_panel.js").SoundStatistics} */
  get statistics() {
    const { context, loudspeaker } = this.#output;
    return { sampleRate: context.sampleRate, outputMs: loudspeaker.latencyMs };
  }

  #newOutput() {
    const output = new Output(this.#latency.seconds, this.#loudspeakerId);
    output.onStatistics = (talkers) => this.onStatistics(talkers);
    output.context.onstatechange = () => this.#onState();
    return output;
  }

  /** No context changes its latency: another takes over as soon as it is ready. */
  async #replaceOutput() {
    const next = this.#newOutput();
    const loudspeakerId = this.#loudspeakerId;
    try {
      await next.load();
    } catch {
      next.close(); // the network is gone, and the worklet was not kept: it goes on as it is
      return;
    }
    this.#setVolume(next);
    this.#output.close();
    this.#output = next;
    this.onPlayout(next.connectWorker());
    if (loudspeakerId !== this.#loudspeakerId) next.changes.playOn(this.#loudspeakerId);
    if (this.#wanted && !this.#rest.isResting) this.recover();
    else next.changes.suspend();
  }
}
