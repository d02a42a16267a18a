// How loud we are, before joining: at once where the microphone is allowed already, else when somebody asks
// for it. The page never asks unasked.

import { levelOf } from "../../shared/audio_level.js";

/** As often as a meter has to move to look alive. */
const EVERY_MS = 100;

export class OwnLevel {
  #show;
  /** @type {MediaStream | null} */
  #stream = null;
  /** @type {AudioContext | null} */
  #context = null;
  #timer = 0;

  /** @param {(level: number | null) => void} show −dBov; null while there is no microphone */
  constructor(show) {
    this.#show = show;
  }

  get isOn() {
    return this.#stream !== null;
  }

  async startIfAllowed() {
    const name = /** @type {PermissionName} */ ("microphone"); // Firefox knows it since version 131
    const permission = await navigator.permissions?.query({ name }).catch(() => null);
    if (permission?.state === "granted") await this.start().catch(() => {});
  }

  /** @throws {DOMException} where the microphone can't be had */
  async start() {
    if (this.#stream) return;
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (document.body.dataset.state !== "start") {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.#stream = stream;
    this.#context = new AudioContext();
    const analyser = new AnalyserNode(this.#context);
    this.#context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(levelOf(samples));
    }, EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#context?.close();
    this.#stream = this.#context = null;
    this.#show(null);
  }
}
