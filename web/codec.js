// The only door to libopus-wasm.

import { Application, createDecoder, createEncoder, loadLibopus } from "./node_modules/libopus-wasm/dist/index.js";
import { SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";

const BITRATE = 64_000;
const LONGEST_PACKET_SAMPLES = 5_760;
/** In the first byte of a payload (RFC 6716, section 3.1). */
const STEREO_FLAG = 0x04;

/** @typedef {import("./node_modules/libopus-wasm/dist/index.js").OpusEncoderHandle} OpusEncoder */
/** @typedef {import("./node_modules/libopus-wasm/dist/index.js").OpusDecoderHandle} OpusDecoder */

/** Compiles the codec, so that making an encoder or a decoder takes no time later. */
export async function loadCodec() {
  await loadLibopus();
}

/** Encodes blocks of SAMPLES_PER_FRAME samples, one packet's payload each. */
export class Encoder {
  #encoder;

  /** @param {OpusEncoder} encoder */
  constructor(encoder) {
    this.#encoder = encoder;
  }

  static async create() {
    const encoder = await createEncoder({
      application: Application.RestrictedLowDelay,
      bitrate: BITRATE,
      channels: 1,
      frameSize: SAMPLES_PER_FRAME,
      sampleRate: SAMPLE_RATE,
    });
    return new Encoder(encoder);
  }

  /**
   * @param {Float32Array} samples
   * @returns {Uint8Array}
   */
  encode(samples) {
    return this.#encoder.encodeFloat(samples);
  }

  free() {
    this.#encoder.free();
  }
}

/**
 * Decodes one talker's payloads, in their order. Of stereo, what it gives is mid, (L + R) / 2, and `side` begins with as many
 * samples of (L - R) / 2. From the first stereo payload on all is decoded as stereo: Opus itself goes on from the one to the other.
 */
export class Decoder {
  #mono;
  #stereo;
  #current;
  #side = new Float32Array(LONGEST_PACKET_SAMPLES);
  /** Null where what was given last is mono. @type {Float32Array | null} */
  side = null;

  /**
   * @param {OpusDecoder} mono
   * @param {OpusDecoder} stereo
   */
  constructor(mono, stereo) {
    this.#mono = this.#current = mono;
    this.#stereo = stereo;
  }

  static async create() {
    const mono = await createDecoder({ channels: 1, sampleRate: SAMPLE_RATE });
    return new Decoder(mono, await createDecoder({ channels: 2, sampleRate: SAMPLE_RATE }));
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Float32Array}
   * @throws where `payload` is not Opus
   */
  decode(payload) {
    if (payload[0] & STEREO_FLAG) this.#current = this.#stereo;
    return this.#planesOf(this.#current.decodeFloat(payload));
  }

  /**
   * What the missing sound may have been.
   * @param {number} nSamples a multiple of 2.5 ms
   * @returns {Float32Array}
   */
  conceal(nSamples) {
    return this.#planesOf(this.#current.decodePacketLossFloat(nSamples));
  }

  /** @param {Float32Array} decoded */
  #planesOf(decoded) {
    if (this.#current === this.#mono) return decoded;
    const count = decoded.length / 2;
    for (let i = 0; i < count; i += 1) {
      const left = decoded[2 * i] / 2;
      const right = decoded[2 * i + 1] / 2;
      decoded[i] = left + right; // it has been read from there already
      this.#side[i] = left - right;
    }
    this.side = this.#side;
    return decoded.subarray(0, count);
  }

  free() {
    this.#mono.free();
    this.#stereo.free();
  }
}
