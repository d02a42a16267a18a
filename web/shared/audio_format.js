// The sound that travels: 48 kHz, mono except for music, 10 ms a packet. Twin of streamer/audio_format.py.

export const SAMPLE_RATE = 48_000;
export const FRAME_MS = 10;
export const SAMPLES_PER_FRAME = (SAMPLE_RATE * FRAME_MS) / 1000;
/** The unit of a packet's `duration` field, 2.5 ms. */
export const DURATION_UNIT_SAMPLES = 120;
