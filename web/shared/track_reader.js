// Takes the microphone's sound straight from its track, where the browser lets a worker do so (Chromium).
//
// The other way, through the audio context, goes through a queue between two clocks that never gets shorter:
// whenever the context stands still for a moment, all that is said comes later from then on, by up to 100 ms,
// until one joins again.

import { DURATION_UNIT_SAMPLES, SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";
import { Framer } from "./framer.js";

/** A track in the hands of a worker. @typedef {ReadableStream<AudioData>} Reading */

const LONGEST = 9_600;

/** Whether a worker can, in this browser. */
export const canReadTracks = "MediaStreamTrackProcessor" in globalThis;

/**
 * What a worker can read of `track`; null where this browser has no such thing.
 * @param {MediaStreamTrack} track
 * @returns {Reading | null}
 */
export function readingOf(track) {
  const { MediaStreamTrackProcessor } = /** @type {any} */ (globalThis);
  return MediaStreamTrackProcessor ? new MediaStreamTrackProcessor({ track }).readable : null;
}

/**
 * Whether the browser cancels echo in it, or changes it in other ways that take time.
 * @param {MediaStreamTrack} track
 */
export function isProcessed(track) {
  const { echoCancellation, noiseSuppression, autoGainControl } = track.getSettings();
  return Boolean(echoCancellation || noiseSuppression || autoGainControl);
}

export class TrackReader {
  #planes = [new Float32Array(LONGEST), new Float32Array(LONGEST)];
  #rate = 0;
  #channels = 0;
  /** @type {Framer | null} */
  #framer = null;
  #frameSamples = SAMPLES_PER_FRAME;
  /** How much the browser hands over at once, in 2.5 ms. */
  pieceUnits = 1;
  /** The same in µs. */
  pieceUs = 0;
  /** @type {(frame: Float32Array, channels: number) => void} */
  onFrame = () => {};

  /** @param {number} samples of the next frames */
  set frameSamples(samples) {
    this.#frameSamples = samples;
    if (this.#framer) this.#framer.frameSamples = samples;
  }

  /**
   * Reads until the track ends.
   * @param {Reading} reading
   * @param {number} channels of a frame; all are alike where the track has only one
   */
  async read(reading, channels) {
    const reader = reading.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#take(value, channels);
      value.close();
    }
  }

  /**
   * @param {AudioData} data
   * @param {number} channels
   */
  #take(data, channels) {
    const length = Math.min(data.numberOfFrames, LONGEST);
    this.pieceUs = (length * 1e6) / data.sampleRate;
    this.pieceUnits = unitsOf((length * SAMPLE_RATE) / data.sampleRate);
    for (let channel = 0; channel < channels; channel += 1) {
      const planeIndex = Math.min(channel, data.numberOfChannels - 1);
      data.copyTo(this.#planes[channel], { planeIndex, frameCount: length, format: "f32-planar" });
    }
    this.#framerFor(data.sampleRate, channels).push(this.#planes, length);
  }

  /**
   * @param {number} rate a headset that is plugged in may change it
   * @param {number} channels
   */
  #framerFor(rate, channels) {
    if (!this.#framer || rate !== this.#rate || channels !== this.#channels) {
      this.#framer = new Framer(rate, LONGEST, channels);
      this.#framer.onFrame = (frame) => this.onFrame(frame, channels);
      this.#framer.frameSamples = this.#frameSamples;
      this.#rate = rate;
      this.#channels = channels;
    }
    return this.#framer;
  }
}

/**
 * The longest packet, of 10 ms at most, that does not wait for the next piece.
 * @param {number} samples
 */
const unitsOf = (samples) => [4, 2].find((units) => units * DURATION_UNIT_SAMPLES <= samples) ?? 1;
