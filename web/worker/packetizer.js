// Turns what the microphone hears into packets: encodes, counts, and holds back what its gate does not let through.
//
// A talkspurt starts with pre-roll: the frames right before the gate opened, which nobody had found to be a voice yet, or which
// were said as the button went down. It is as long as a listener's jitter buffer holds anyway: so it costs no delay.

import { DURATION_UNIT_SAMPLES, SAMPLES_PER_FRAME } from "../shared/audio_format.js";
import { levelOf } from "../shared/audio_level.js";
import { SILENCE_LEVEL, TALKSPURT_START, serializePacket } from "../shared/packet.js";

export const PREROLL_FRAMES = 4;

/** @typedef {{payload: Uint8Array, position: number, level: number, voice: boolean}} Frame */

export class Packetizer {
  /** @type {{encode(samples: Float32Array): Uint8Array}} */
  #encoder;
  #gate;
  #seq = 0;
  #passed = false;
  /** Not sent, but may yet be. @type {Frame[]} */
  #preroll = [];
  level = SILENCE_LEVEL;

  /**
   * @param {{encode(samples: Float32Array): Uint8Array}} encoder
   * @param {import("./transmit_gate.js").TransmitGate} gate
   */
  constructor(encoder, gate) {
    this.#encoder = encoder;
    this.#gate = gate;
  }

  /**
   * The packets to send now that `samples` were heard, the first of which is the microphone's sample number `position`; none,
   * too, where the encoder has nothing.
   * @param {Float32Array} samples
   * @param {number} position
   */
  packets(samples, position) {
    const { muted } = this.#gate;
    this.level = muted ? SILENCE_LEVEL : levelOf(samples);
    const payload = this.#encoder.encode(samples); // in silence too: the encoder's state has to stay true
    if (payload.length === 0) return [];
    const started = !this.#passed;
    this.#passed = this.#gate.passes(this.level);
    this.#preroll.push({ payload, position, level: this.level, voice: this.#gate.voice });
    if (this.#passed) return this.#preroll.splice(0).map((frame, i) => this.#packet(frame, started && i === 0));
    this.#preroll.splice(0, muted ? Infinity : this.#preroll.length - PREROLL_FRAMES);
    return [];
  }

  /**
   * @param {Frame} frame
   * @param {boolean} starts a talkspurt
   */
  #packet({ payload, position, level, voice }, starts) {
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
      duration: SAMPLES_PER_FRAME / DURATION_UNIT_SAMPLES,
    });
  }
}
