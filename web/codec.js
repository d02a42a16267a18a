// The only door to libopus-wasm.

import { Application, createDecoder, createEncoder, loadLibopus } from "./node_modules/libopus-wasm/dist/index.js";
import { SAMPLE_RATE, SAMPLES_PER_FRAME } from "./audio_format.js";

const BITRATE = 64_000;

/** Compiles the codec, so that making an encoder or a decoder takes no time later. */
export async function loadCodec() {
  await loadLibopus();
}

/** Encodes blocks of SAMPLES_PER_FRAME samples, one packet's payload each. */
export class Encoder {
  #encoder;

  /** @param {import("./node_modules/libopus-wasm/dist/index.js").OpusEncoderHandle} encoder */
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

/** Decodes one talker's payloads, in their order. */
export class Decoder {
  #decoder;

  /** @param {import("./node_modules/libopus-wasm/dist/index.js").OpusDecoderHandle} decoder */
  constructor(decoder) {
    this.#decoder = decoder;
  }

  static async create() {
    return new Decoder(await createDecoder({ channels: 1, sampleRate: SAMPLE_RATE }));
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Float32Array}
   * @throws where `payload` is not Opus
   */
  decode(payload) {
    return this.#decoder.decodeFloat(payload);
  }

  /**
   * What the missing sound may have been.
   * @param {number} nSamples a multiple of 2.5 ms
   * @returns {Float32Array}
   */
  conceal(nSamples) {
    return this.#decoder.decodePacketLossFloat(nSamples);
  }

  free() {
    this.#decoder.free();
  }
}
