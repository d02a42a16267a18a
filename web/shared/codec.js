// The only door to libopus-wasm.

import {
  Application,
  EncoderCtl,
  createDecoder,
  createEncoder,
  loadLibopus,
} from "../node_modules/libopus-wasm/dist/index.js";
import { SAMPLE_RATE, SAMPLES_PER_FRAME, bitrateFor } from "./audio_format.js";
import { isSound } from "./audio_level.js";

/** 64 kb/s for a voice, 128 kb/s for music. */
const BITRATE_PER_CHANNEL = 64_000;
/**
 * Without its pitch filter, whose memory does not fit a shorter packet: the change would be a loud click
 * (libopus 1.6). Before packets become shorter, so many have to be encoded without it; with two it still
 * clicks.
 */
const CALM_COMPLEXITY = 4;
const CALM_PACKETS = 4;
const COMPLEXITY = 10;
const NOTHING = new Uint8Array(0);
const LONGEST_PACKET_SAMPLES = 5_760;
/** In the first byte of a payload (RFC 6716, section 3.1). */
const STEREO_FLAG = 0x04;

/** @typedef {import("../node_modules/libopus-wasm/dist/index.js").OpusEncoderHandle} OpusEncoder */
/** @typedef {import("../node_modules/libopus-wasm/dist/index.js").OpusDecoderHandle} OpusDecoder */

/** Compiles the codec, so that making an encoder or a decoder takes no time later. */
export async function loadCodec() {
  await loadLibopus();
}

/** Encodes packets, of 10 ms or of any other length that Opus has. */
export class Encoder {
  #encoder;
  /** Of the next talkspurt. @type {OpusEncoder | null} */
  #fresh = null;
  #renewing = false;
  #isFreed = false;
  #packetSamples = SAMPLES_PER_FRAME;
  /** Of the packets to come. */
  #wantedSamples = SAMPLES_PER_FRAME;
  #calmPackets = 0;
  /** Waits until packets may become shorter. @type {(() => void) | null} */
  #onCalm = null;

  /** @param {OpusEncoder} encoder */
  constructor(encoder) {
    this.#encoder = encoder;
    this.#makeFresh();
  }

  static async create() {
    return new Encoder(await encoderFor(1));
  }

  /**
   * @param {Float32Array} samples
   * @param {number} [channels] rows of left and right, where there are two
   * @param {boolean} [starts] a talkspurt: it builds upon nothing of before: of what was not sent, decoders
   *   know nothing
   * @returns {Uint8Array} empty for the moment that it takes to go from mono to stereo, or back
   */
  encode(samples, channels = 1, starts = false) {
    if (!isSound(samples, samples.length))
      samples = samples.map((sample) => (Math.abs(sample) < Infinity ? sample : 0)); // would stay
    if (channels !== this.#encoder.channels) {
      this.#renew(channels);
      return NOTHING;
    }
    if (starts) this.#beginAnew();
    const frameSize = samples.length / channels;
    if (frameSize !== this.#packetSamples) this.#resize(frameSize);
    if (starts) this.#encoder.encoderCtl(EncoderCtl.SetPredictionDisabled, 1);
    const payload = this.#encoder.encodeFloat(samples, { frameSize });
    if (starts) this.#encoder.encoderCtl(EncoderCtl.SetPredictionDisabled, 0);
    if (this.#onCalm) this.#countCalm(this.#onCalm);
    return payload;
  }

  #beginAnew() {
    if (!this.#fresh) return;
    this.#encoder.free();
    this.#encoder = this.#fresh;
    this.#resize(this.#packetSamples);
    this.#makeFresh();
  }

  async #makeFresh() {
    this.#fresh = null;
    const fresh = await encoderFor(this.#encoder.channels);
    if (this.#isFreed || this.#fresh || fresh.channels !== this.#encoder.channels) fresh.free();
    else this.#fresh = fresh;
  }

  /** @param {number} frameSize of packets from now on */
  #resize(frameSize) {
    const { channels } = this.#encoder;
    this.#encoder.setBitrate(bitrateFor(channels * BITRATE_PER_CHANNEL, frameSize, channels));
    this.#packetSamples = frameSize;
    this.#setComplexity();
  }

  /** Calm as long as packets are longer than those to come. */
  #setComplexity() {
    this.#encoder.setComplexity(this.#packetSamples > this.#wantedSamples ? CALM_COMPLEXITY : COMPLEXITY);
  }

  /**
   * Packets are to be so long; they may be when `then` is called: at once, unless they become shorter in the
   * middle of a talkspurt.
   * @param {number} samples
   * @param {() => void} then
   * @param {boolean} [rests] the next packet starts a talkspurt
   */
  prepare(samples, then, rests = false) {
    this.#onCalm = null;
    this.#wantedSamples = samples;
    this.#setComplexity();
    if (rests || samples >= this.#packetSamples) return then();
    this.#calmPackets = 0;
    this.#onCalm = then;
    return undefined;
  }

  /** @param {() => void} then */
  #countCalm(then) {
    this.#calmPackets += 1;
    if (this.#calmPackets < CALM_PACKETS) return;
    this.#onCalm = null;
    then();
  }

  /**
   * With a new one, always: decoders couldn't follow an old one, which goes on from what it knew.
   * @param {number} channels
   */
  async #renew(channels) {
    if (this.#renewing) return;
    this.#renewing = true;
    const encoder = await encoderFor(channels);
    this.#encoder.free();
    this.#encoder = encoder;
    this.#packetSamples = SAMPLES_PER_FRAME;
    this.#renewing = false;
    this.#fresh?.free();
    this.#makeFresh();
  }

  free() {
    this.#isFreed = true;
    this.#encoder.free();
    this.#fresh?.free();
  }
}

/**
 * With the least look-ahead: at these rates Opus codes music and voice in the same way, whatever it is told
 * that it's for.
 * @param {number} channels
 */
function encoderFor(channels) {
  return createEncoder({
    application: Application.RestrictedLowDelay,
    bitrate: channels * BITRATE_PER_CHANNEL,
    channels: channels === 2 ? 2 : 1,
    frameSize: SAMPLES_PER_FRAME,
    sampleRate: SAMPLE_RATE,
  });
}

/** @param {1 | 2} channels */
const decoderOf = (channels) => createDecoder({ channels, sampleRate: SAMPLE_RATE });

/**
 * Decodes one talker's payloads, in their order. Of stereo, what it gives is mid, (L + R) / 2, and `side`
 * begins with as many samples of (L - R) / 2. From the first stereo payload on all is decoded as stereo: Opus
 * itself goes on from the one to the other.
 */
export class Decoder {
  #mono;
  #stereo;
  #current;
  #isRenewing = false;
  #isFreed = false;
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
    return new Decoder(await decoderOf(1), await decoderOf(2));
  }

  /**
   * @param {Uint8Array} payload
   * @returns {Float32Array} all of it finite
   * @throws where `payload` is not Opus, or comes to no sound
   */
  decode(payload) {
    if (payload[0] & STEREO_FLAG) this.#current = this.#stereo;
    return this.#planesOf(this.#current.decodeFloat(payload));
  }

  /**
   * What the missing sound may have been.
   * @param {number} nSamples a multiple of 2.5 ms
   * @returns {Float32Array}
   * @throws where that is no sound
   */
  conceal(nSamples) {
    return this.#planesOf(this.#current.decodePacketLossFloat(nSamples));
  }

  /** @param {Float32Array} decoded */
  #planesOf(decoded) {
    if (!isSound(decoded, decoded.length)) {
      this.#renew();
      throw new RangeError("what was decoded is no sound");
    }
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

  /** What is not finite may stay in a decoder's state for good: new ones take their place. */
  async #renew() {
    if (this.#isRenewing) return;
    this.#isRenewing = true;
    const [mono, stereo] = await Promise.all([decoderOf(1), decoderOf(2)]);
    const isStereo = this.#current === this.#stereo;
    if (!this.#isFreed) this.#freeBoth();
    [this.#mono, this.#stereo, this.#isRenewing] = [mono, stereo, false];
    this.#current = isStereo ? stereo : mono;
    if (this.#isFreed) this.#freeBoth();
  }

  free() {
    this.#isFreed = true;
    this.#freeBoth();
  }

  #freeBoth() {
    this.#mono.free();
    this.#stereo.free();
  }
}
