// Turns what the microphone hears into packets: encodes, counts, and holds back what its gate does not let through.
//
// A talkspurt starts with pre-roll: the frames right before the gate opened, which nobody had found to be a voice yet, or which
// were said as the button went down. It is as long as a listener's jitter buffer holds anyway: so it costs no delay.
//
// Packets may be shorter than a frame, and change at any time. The gate hears whole frames of 10 ms in any case: so a voice is
// found in the same way whatever it is sent in.

import { DURATION_UNIT_SAMPLES, SAMPLES_PER_FRAME } from "../shared/audio_format.js";
import { levelOf } from "../shared/audio_level.js";
import { SILENCE_LEVEL, TALKSPURT_START, serializePacket } from "../shared/packet.js";
import { FrameWindow } from "./frame_window.js";

export const PREROLL_FRAMES = 4;

/** `samples` is its length. @typedef {{payload: Uint8Array, position: number, level: number, voice: boolean, samples: number}} Frame */

export class Packetizer {
  /** @type {{encode(samples: Float32Array, channels: number): Uint8Array}} */
  #encoder;
  #gate;
  #window = new FrameWindow();
  #seq = 0;
  #passed = false;
  /** Not sent, but may yet be. @type {Frame[]} */
  #preroll = [];
  level = SILENCE_LEVEL;

  /**
   * @param {{encode(samples: Float32Array, channels: number): Uint8Array}} encoder
   * @param {import("./transmit_gate.js").TransmitGate} gate
   */
  constructor(encoder, gate) {
    this.#encoder = encoder;
    this.#gate = gate;
  }

  /**
   * The packets to send now that `samples` were heard, the first of which is the microphone's sample number `position`; none,
   * too, where the encoder has nothing. The level of a short packet is that of the last 10 ms.
   * @param {Float32Array} samples
   * @param {number} position
   * @param {number} [channels]
   */
  packets(samples, position, channels = 1) {
    const { muted } = this.#gate;
    const payload = this.#encoder.encode(samples, channels); // in silence too: the encoder's state has to stay true
    const frames = this.#window.push(samples, channels);
    this.level = muted ? SILENCE_LEVEL : levelOf(this.#window.lately(samples.length));
    if (payload.length === 0) return [];
    const started = !this.#passed;
    this.#passed = this.#passes(frames);
    this.#preroll.push({ payload, position, level: this.level, voice: this.#gate.voice, samples: samples.length / channels });
    if (this.#passed) return this.#preroll.splice(0).map((frame, i) => this.#packet(frame, started && i === 0));
    if (muted) this.#preroll = [];
    this.#forgetOld();
    return [];
  }

  /** @param {Float32Array[]} frames */
  #passes(frames) {
    if (frames.length === 0) return this.#gate.isPassing;
    const { muted } = this.#gate;
    return frames.map((frame) => this.#gate.passes(muted ? SILENCE_LEVEL : levelOf(frame))).some(Boolean);
  }

  /** All but the pre-roll, and what the gate may yet find to be a voice. */
  #forgetOld() {
    const keep = PREROLL_FRAMES * SAMPLES_PER_FRAME + this.#window.unheardSamples;
    let kept = this.#preroll.reduce((sum, { samples }) => sum + samples, 0);
    while (kept > keep) kept -= this.#preroll.shift()?.samples ?? kept;
  }

  /**
   * @param {Frame} frame
   * @param {boolean} starts a talkspurt
   */
  #packet({ payload, position, level, voice, samples }, starts) {
    const seq = this.#seq;
    this.#seq = (seq + 1) % 2 ** 16;
    return serializePacket({
      seq,
      timestamp: position % 2 ** 32,
      payload,
      talkerId: 0,
      level,
      voice,
      flags: starts ? TALKSPURT_START : 0,
      duration: samples / DURATION_UNIT_SAMPLES,
    });
  }
}
