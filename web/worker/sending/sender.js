// What we say, from the microphone's frames to the relay: packets, the clock messages behind them, and our
// own level for the meter. Runs in the worker. Music comes in stereo, a voice never does.

import { SAMPLES_PER_FRAME } from "../../shared/audio_format.js";
import { ChirpListener } from "../feedback/chirp_listener.js";
import { FrameWindow, Packetizer } from "./packetizer.js";
import { TransmitGate } from "./transmit_gate.js";

/**
 * What it needs of the worker.
 * @typedef {object} Means
 * @property {import("../connection/link.js").Link} link
 * @property {import("./talker_levels.js").TalkerLevels} levels
 * @property {import("../delay/delay_monitor.js").DelayMonitor} timing
 * @property {import("../feedback/feedback_guard.js").FeedbackGuard} guard
 * @property {Pick<import("./strong_suppression.js").StrongSuppression, "process" | "pass" | "lateSamples">}
 *   suppression
 * @property {() => number} nowUs
 */

export class Sender {
  #means;
  /** Until its encoder is there nothing is said. @type {Packetizer | null} */
  #voice = null;
  /** While mouth to ear is measured in the air. @type {ChirpListener | null} */
  #echoes = null;
  #position = 0;
  #window = new FrameWindow();
  #gate = new TransmitGate();
  #muted = false;
  /** @type {import("../../shared/messages.js").TransmitMode} */
  #mode = "free";
  #music = false;
  /** Ours in the room, 0 outside of one. */
  talkerId = 0;
  #oneAtATime = false;
  #saying = false;
  /** Somebody talks here while muted; for each frame of it. */
  onMutedVoice = () => {};

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
  }

  /** @param {import("../../shared/codec.js").Encoder} encoder */
  begin(encoder) {
    this.#voice = new Packetizer(encoder, this.#gate);
  }

  get muted() {
    return this.#muted;
  }

  set muted(muted) {
    if (muted === this.#muted) return; // a hand that is raised does not end a cut
    this.#muted = muted;
    this.#means.guard.reset();
  }

  /**
   * @param {import("../../shared/messages.js").TransmitMode} mode
   * @param {boolean} pressed the button is
   */
  gate(mode, pressed) {
    this.#mode = mode;
    this.#gate.pressed = pressed;
    this.#gate.mode = this.#echoes || (this.#music && mode === "free") ? "open" : mode;
  }

  /** @param {boolean} music */
  #hearAs(music) {
    if (music === this.#music) return;
    this.#music = this.#means.guard.music = music;
    this.gate(this.#mode, this.#gate.pressed);
  }

  /** Whether what is heard now goes on with a talkspurt. */
  get isTalking() {
    return this.#voice?.isPassing ?? false;
  }

  /** Whether whole frames of 10 ms are needed. */
  get isOnAir() {
    return this.#echoes !== null;
  }

  /**
   * @param {Float32Array} samples a packet's sound from the microphone
   * @param {number} atUs
   * @param {number} [channels]
   */
  hear(samples, atUs, channels = 1) {
    const { link, levels, timing, guard, suppression, nowUs } = this.#means;
    if (!this.#voice) return;
    this.#hearAs(channels > 1);
    const frames = this.#window.push(samples, channels);
    // What is not sent can't go round.
    if (!this.#echoes && !this.#muted) for (const frame of frames) guard.process(frame);
    this.#gate.muted = this.#muted || guard.cuts;
    const first = this.#position;
    this.#position += samples.length / channels;
    timing.captured(this.#position, atUs);
    const said = this.#echoes
      ? suppression.pass(this.#echoOf(samples, channels))
      : this.#suppressed(samples, channels);
    const packets = this.#voice.packets(said, first, channels);
    if (!this.talkerId) return;
    if (this.#muted && this.#gate.hearsVoice) this.onMutedVoice();
    levels.update(this.talkerId, { level: this.#voice.level, voice: this.#gate.voice });
    this.#say(packets.length > 0);
    if (packets.length === 0) return;
    for (const packet of packets) link.sendPacket(packet);
    const clock = timing.clockMessage(first, nowUs(), suppression.lateSamples);
    if (clock) link.send(clock);
  }

  /**
   * What was captured before the test had whole frames is not part of it.
   * @param {Float32Array} samples
   * @param {number} channels
   */
  #echoOf(samples, channels) {
    const isWhole = samples.length === channels * SAMPLES_PER_FRAME;
    return this.#echoes && isWhole ? this.#echoes.push(samples) : samples.fill(0);
  }

  /**
   * @param {Float32Array} samples
   * @param {number} channels
   */
  #suppressed(samples, channels) {
    const { suppression } = this.#means;
    return channels > 1 ? suppression.pass(samples) : suppression.process(samples);
  }

  /** @param {{talker_id: number, on: boolean}} floor whose turn it is */
  onFloor({ talker_id, on }) {
    this.#oneAtATime = on;
    if (on && talker_id === 0 && this.#saying) this.#means.link.send({ type: "floor", wants: true });
  }

  /**
   * Where one talks at a time, one asks before the first packet of a talkspurt.
   * @param {boolean} saying
   */
  #say(saying) {
    if (saying === this.#saying) return;
    this.#saying = saying;
    if (this.#oneAtATime) this.#means.link.send({ type: "floor", wants: saying });
  }

  /**
   * A step of the test in the air.
   * @param {"begin" | "chirp" | "echo" | "end"} step
   * @returns {import("../../shared/messages.js").Echo | null} what came back, where that was asked for
   */
  onAir(step) {
    if (step === "echo") return this.#echoes?.pop() ?? null;
    if (step === "chirp") this.#echoes?.open();
    else this.#echoes = step === "begin" ? new ChirpListener() : null;
    this.#means.guard.reset();
    this.gate(this.#mode, this.#gate.pressed);
    return null;
  }
}
