// Turns what the microphone hears into packets: encodes, counts, and holds back what its gate does not let
// through.
//
// A talkspurt starts with pre-roll: the frames right before the gate opened, which nobody had found to be a
// voice yet, or which were said as the button went down. It is as long as a listener's jitter buffer holds
// anyway: so it costs no delay. It is kept as sound and encoded when the gate opens, by an encoder that
// begins anew: what is not sent costs nothing, and the first syllable depends on nothing that a decoder has
// not heard.
//
// Packets may be shorter than a frame, and change at any time. The gate hears whole frames of 10 ms in any
// case: so a voice is found in the same way whatever it is sent in.

import { DURATION_UNIT_SAMPLES, SAMPLES_PER_FRAME } from "../../shared/audio_format.js";
import { levelOf } from "../../shared/audio_level.js";
import { SILENCE_LEVEL, TALKSPURT_START, serializePacket } from "../../shared/packet.js";

export const PREROLL_FRAMES = 4;

/**
 * @typedef {{samples: Float32Array, channels: number, position: number, level: number, voice: boolean}} Frame
 */
/** @typedef {{encode(samples: Float32Array, channels: number, starts: boolean): Uint8Array}} FrameEncoder */

export class Packetizer {
  /** @type {FrameEncoder} */
  #encoder;
  /** That the encoder was ready for when it was last asked. */
  #channels = 1;
  #gate;
  #window = new FrameWindow();
  #seq = 0;
  #passed = false;
  /** Not sent, but may yet be. @type {Frame[]} */
  #preroll = [];
  level = SILENCE_LEVEL;

  /**
   * @param {FrameEncoder} encoder
   * @param {import("./transmit_gate.js").TransmitGate} gate
   */
  constructor(encoder, gate) {
    this.#encoder = encoder;
    this.#gate = gate;
  }

  /** Whether what is heard now goes on with a talkspurt. */
  get isPassing() {
    return this.#passed;
  }

  /**
   * The packets to send now that `samples` were heard, the first of which is the microphone's sample number
   * `position`; none, too, where the encoder has nothing. The level of a short packet is that of the last 10
   * ms.
   * @param {Float32Array} samples
   * @param {number} position
   * @param {number} [channels]
   */
  packets(samples, position, channels = 1) {
    const { muted } = this.#gate;
    const frames = this.#window.push(samples, channels);
    this.level = muted ? SILENCE_LEVEL : levelOf(this.#window.lately(samples.length));
    const starts = !this.#passed;
    this.#passed = this.#passes(frames);
    const frame = { samples, channels, position, level: this.level, voice: this.#gate.voice };
    if (this.#passed) return this.#said(frame, starts);
    this.#getReady(frame);
    if (muted) this.#preroll = [];
    else this.#keep(frame);
    return [];
  }

  /**
   * @param {Frame} last what is heard now; what led up to it goes before
   * @param {boolean} starts a talkspurt
   */
  #said(last, starts) {
    const frames = [...this.#preroll.splice(0).filter(({ channels }) => channels === this.#channels), last];
    const packets = [];
    for (const frame of frames) {
      /** @type {boolean} */
      const isFirst = starts && packets.length === 0;
      const payload = this.#encode(frame, isFirst);
      if (payload.length > 0) packets.push(this.#packet(frame, payload, isFirst));
    }
    if (packets.length === 0) this.#passed = !starts;
    return packets;
  }

  /**
   * @param {Frame} frame
   * @param {boolean} starts a talkspurt
   */
  #encode({ samples, channels }, starts) {
    const payload = this.#encoder.encode(samples, channels, starts);
    if (payload.length > 0) this.#channels = channels;
    return payload;
  }

  /** An encoder that has to change over does so before anybody talks. @param {Frame} frame */
  #getReady(frame) {
    if (frame.channels !== this.#channels) this.#encode(frame, false);
  }

  /** The gate hears while muted, too: who talks then is reminded. @param {Float32Array[]} frames */
  #passes(frames) {
    if (frames.length === 0) return this.#gate.isPassing;
    return frames.map((frame) => this.#gate.passes(levelOf(frame))).some(Boolean);
  }

  /**
   * For the pre-roll, and for what the gate may yet find to be a voice.
   * @param {Frame} frame
   */
  #keep(frame) {
    const longest = PREROLL_FRAMES * SAMPLES_PER_FRAME + this.#window.unheardSamples;
    this.#preroll.push({ ...frame, samples: frame.samples.slice() });
    let kept = this.#preroll.reduce((sum, each) => sum + lengthOf(each), 0);
    for (; kept > longest; this.#preroll.shift()) kept -= lengthOf(this.#preroll[0]);
  }

  /**
   * @param {Frame} frame
   * @param {Uint8Array} payload
   * @param {boolean} starts a talkspurt
   */
  #packet(frame, payload, starts) {
    const seq = this.#seq;
    this.#seq = (seq + 1) % 2 ** 16;
    return serializePacket({
      seq,
      timestamp: frame.position % 2 ** 32,
      payload,
      talkerId: 0,
      level: frame.level,
      voice: frame.voice,
      flags: starts ? TALKSPURT_START : 0,
      duration: lengthOf(frame) / DURATION_UNIT_SAMPLES,
    });
  }
}

/** @param {Frame} frame in samples of one channel */
const lengthOf = ({ samples, channels }) => samples.length / channels;

/**
 * Whole frames of 10 ms out of packets of any length, for what is heard frame by frame: a voice, and a howl.
 */
export class FrameWindow {
  /** Begins with the last frame, or all that no whole frame has held yet. */
  #heard = new Float32Array(0);
  #length = 0;
  #channels = 1;
  /** What no whole frame has held yet, in each channel. */
  unheardSamples = 0;

  /**
   * The frames that are whole now; they are gone with the next ones.
   * @param {Float32Array} samples
   * @param {number} channels
   */
  push(samples, channels) {
    if (channels !== this.#channels) this.#restart(channels);
    this.unheardSamples += samples.length / channels;
    this.#append(samples, channels * Math.max(SAMPLES_PER_FRAME, this.unheardSamples));
    /** @type {Float32Array[]} */
    const frames = [];
    while (this.unheardSamples >= SAMPLES_PER_FRAME) {
      const start = this.#length - channels * this.unheardSamples;
      frames.push(this.#heard.subarray(start, start + channels * SAMPLES_PER_FRAME));
      this.unheardSamples -= SAMPLES_PER_FRAME;
    }
    return frames;
  }

  /**
   * @param {Float32Array} samples
   * @param {number} longest that is kept, with what was heard before
   */
  #append(samples, longest) {
    if (this.#heard.length < longest) this.#grow(longest);
    const before = Math.min(this.#length, longest - samples.length);
    this.#heard.copyWithin(0, this.#length - before, this.#length);
    this.#heard.set(samples, before);
    this.#length = before + samples.length;
  }

  /** @param {number} room */
  #grow(room) {
    const heard = new Float32Array(room);
    heard.set(this.#heard.subarray(0, this.#length));
    this.#heard = heard;
  }

  /** @param {number} channels */
  #restart(channels) {
    this.#length = 0;
    this.#channels = channels;
    this.unheardSamples = 0;
  }

  /**
   * What was heard last: 10 ms, or a whole packet that is longer.
   * @param {number} length of that packet
   */
  lately(length) {
    return this.#heard.subarray(
      Math.max(0, this.#length - Math.max(this.#channels * SAMPLES_PER_FRAME, length)),
      this.#length,
    );
  }
}
