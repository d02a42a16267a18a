// Loudness as RFC 6464 speaks of it: −dBov, 0 (loudest) to 127 (silence).

import { SILENCE_LEVEL } from "./packet.js";

/** Of somebody who is silent. @type {Readonly<import("./messages.js").Heard>} */
export const NOTHING_HEARD = Object.freeze({ level: SILENCE_LEVEL, voice: false });

/** Below this nobody hears anything; above it somebody may be talking. */
const METER_BOTTOM = 60;
const METER_TOP = 12;

/**
 * The level of the root mean square (RFC 6465, appendix A).
 * @param {Float32Array} samples full scale at ±1
 */
export function levelOf(samples) {
  let power = 0;
  for (let i = 0; i < samples.length; i += 1) power += samples[i] * samples[i];
  power /= Math.max(1, samples.length);
  // What is not finite is no sound.
  if (!(power > 10 ** (-SILENCE_LEVEL / 10) && power < Infinity)) return SILENCE_LEVEL;
  return Math.min(SILENCE_LEVEL, Math.max(0, Math.round(-10 * Math.log10(power))));
}

/**
 * How far a meter goes out, 0 to 1.
 * @param {number} level −dBov
 */
export function meterOf(level) {
  return Math.min(1, Math.max(0, (METER_BOTTOM - level) / (METER_BOTTOM - METER_TOP)));
}

/**
 * 36 dB over full scale: no voice or music decodes to more, and a few hundred talkers this loud still add up
 * to a finite mix. As in streamer/jitter/overlap_add.pyx.
 */
const LOUDEST = 64;

/**
 * Whether these can be played: each is a number, and none is beyond LOUDEST.
 * @type {(samples: Float32Array, count: number) => boolean}
 */
export function isSound(samples, count) {
  for (let i = 0; i < count; i++) {
    if (!(Math.abs(samples[i]) <= LOUDEST)) return false; // so is what is not a number
  }
  return true;
}
