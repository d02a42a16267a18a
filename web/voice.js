// Turns what the microphone hears into packets: encodes, counts, and keeps quiet in silence. Twin of client/voice.py.
//
// Nothing is sent while the sound has been below QUIET_LEVEL for HANGOVER_FRAMES: that is so far below a microphone's own
// noise that no syllable can start in it, so nothing is cut. Nothing is sent while muted. The first packet after a pause
// starts a talkspurt.

import { DURATION_UNIT_SAMPLES, SAMPLES_PER_FRAME } from "./audio_format.js";
import { levelOf } from "./level.js";
import { SILENCE_LEVEL, TALKSPURT_START, serializePacket } from "./packet.js";

const QUIET_LEVEL = 80;
export const VOICE_LEVEL = 50;
export const HANGOVER_FRAMES = 50;

export class Voice {
  /** @type {{encode(samples: Float32Array): Uint8Array}} */
  #encoder;
  #seq = 0;
  #quietFrames = HANGOVER_FRAMES;
  #wasSending = false;
  muted = false;
  level = SILENCE_LEVEL;

  /** @param {{encode(samples: Float32Array): Uint8Array}} encoder */
  constructor(encoder) {
    this.#encoder = encoder;
  }

  get sending() {
    return !this.muted && this.#quietFrames < HANGOVER_FRAMES;
  }

  /**
   * What to send for `samples`, the first of which is the microphone's sample number `position`; null to send nothing.
   * @param {Float32Array} samples
   * @param {number} position
   */
  packet(samples, position) {
    this.level = this.muted ? SILENCE_LEVEL : levelOf(samples);
    this.#quietFrames = this.level < QUIET_LEVEL ? 0 : this.#quietFrames + 1;
    const payload = this.#encoder.encode(samples); // in silence too: the encoder's state has to stay true
    const first = !this.#wasSending;
    this.#wasSending = this.sending;
    if (!this.sending) return null;
    const seq = this.#seq;
    this.#seq = (seq + 1) % 2 ** 16;
    return serializePacket({
      seq,
      timestamp: position % 2 ** 32,
      payload,
      talkerId: 0,
      level: this.level,
      voice: this.level <= VOICE_LEVEL,
      flags: first ? TALKSPURT_START : 0,
      duration: SAMPLES_PER_FRAME / DURATION_UNIT_SAMPLES,
    });
  }
}
