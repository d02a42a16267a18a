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

/** Whole frames of 10 ms out of packets of any length, for what is heard frame by frame: a voice, and a howl. */
export class FrameWindow {
  /** The last frame, or all that no whole frame has held yet. */
  #heard = new Float32Array(0);
  #channels = 1;
  /** What no whole frame has held yet, in each channel. */
  unheardSamples = 0;

  /**
   * The frames that are whole now.
   * @param {Float32Array} samples
   * @param {number} channels
   */
  push(samples, channels) {
    if (channels !== this.#channels) this.#restart(channels);
    this.unheardSamples += samples.length / channels;
    this.#heard = joined(this.#heard, samples, channels * Math.max(SAMPLES_PER_FRAME, this.unheardSamples));
    /** @type {Float32Array[]} */
    const frames = [];
    while (this.unheardSamples >= SAMPLES_PER_FRAME) {
      const start = this.#heard.length - channels * this.unheardSamples;
      frames.push(this.#heard.subarray(start, start + channels * SAMPLES_PER_FRAME));
      this.unheardSamples -= SAMPLES_PER_FRAME;
    }
    return frames;
  }

  /** @param {number} channels */
  #restart(channels) {
    this.#heard = new Float32Array(0);
    this.#channels = channels;
    this.unheardSamples = 0;
  }

  /**
   * What was heard last: 10 ms, or a whole packet that is longer.
   * @param {number} length of that packet
   */
  lately(length) {
    return this.#heard.subarray(-Math.max(this.#channels * SAMPLES_PER_FRAME, length));
  }
}

/**
 * @param {Float32Array} before
 * @param {Float32Array} samples
 * @param {number} length that is kept of both
 */
function joined(before, samples, length) {
  if (samples.length === length) return samples.slice();
  const both = new Float32Array(before.length + samples.length);
  both.set(before);
  both.set(samples, before.length);
  return both.slice(-length);
}
