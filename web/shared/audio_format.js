// The sound that travels: 48 kHz, mono except for music, 10 ms a packet unless a talker chose otherwise. Twin
// of streamer/audio_format.py.

export const SAMPLE_RATE = 48_000;
export const FRAME_MS = 10;
export const SAMPLES_PER_FRAME = (SAMPLE_RATE * FRAME_MS) / 1000;
/** The unit of a packet's `duration` field, 2.5 ms. */
export const DURATION_UNIT_SAMPLES = 120;

/** What each packet costs Opus beside the sound itself, in bits: once, and for each channel. */
const OVERHEAD = 20;
const OVERHEAD_PER_CHANNEL = 40;

/**
 * What packets of `samples` need, in bit/s, to sound as those of 10 ms do at `bitrate`; never less than that.
 * @param {number} bitrate
 * @param {number} samples
 * @param {number} channels
 */
export function bitrateFor(bitrate, samples, channels) {
  const morePerSecond = Math.max(0, SAMPLE_RATE / samples - SAMPLE_RATE / SAMPLES_PER_FRAME);
  return bitrate + morePerSecond * (OVERHEAD + OVERHEAD_PER_CHANNEL * channels);
}
