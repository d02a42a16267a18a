// Plays all talkers: holds a jitter buffer and a decoder for each, and decodes only what process() is about
// to need.
//
// Up to the loudspeaker, sound is two planes: mid, (L + R) / 2, and side, (L - R) / 2, which stays silent
// while nobody is stereo.
//
// From the worker come packets, in a ring that both share or, where nothing may be shared, as ArrayBuffers;
// and orders. The page's main thread asks by its own port for statistics. The worker is told ten times a
// second what plays. All messages are in shared/worklet_messages.js.

import { SAMPLE_RATE } from "../shared/audio_format.js";
import { Decoder, loadCodec } from "../shared/codec.js";
import { TALKSPURT_START, parsePacket } from "../shared/packet.js";
import { PacketRing } from "../shared/packet_ring.js";
import { Resampler } from "../shared/resampler.js";
import { unreachable } from "../shared/unreachable.js";
import { Fader } from "./fader.js";
import { JitterBuffer } from "./jitter_buffer.js";
import { Limiter } from "./limiter.js";
import { ReplayQueue } from "./replay_queue.js";

/** How many samples browsers process at once (Web Audio API, "render quantum size"). */
const QUANTUM = 128;
const BLOCK = 2 * Math.ceil((QUANTUM * SAMPLE_RATE) / sampleRate) + 8;

/** How often the worker is told what plays: a figure of the delay is made of it twice a second. */
const TELL_S = 0.1;

/** @typedef {{decoder: Decoder, buffer: JitterBuffer, fader: Fader}} Talker */
/** @typedef {import("../shared/worklet_messages.js").PlayoutSetup} PlayoutSetup */
/** @typedef {import("../shared/worklet_messages.js").PlayoutOrder} PlayoutOrder */
/** @typedef {import("../shared/worklet_messages.js").PlayoutReport} PlayoutReport */
/** @typedef {import("../shared/worklet_messages.js").Playing} Playing */

class Playout extends AudioWorkletProcessor {
  /** @type {Map<number, Talker>} */
  #talkers = new Map();
  /** @type {Map<number, Fader>} who is there; their decoder may still be in the making */
  #present = new Map();
  #resamplers = [new Resampler(SAMPLE_RATE, sampleRate), new Resampler(SAMPLE_RATE, sampleRate)];
  /** @type {MessagePort | null} */
  #worker = null;
  /** @type {PacketRing | null} */
  #ring = null;
  #limiter = new Limiter(SAMPLE_RATE);
  #replay = new ReplayQueue();
  #told = 0;
  #muted = false;
  #mix = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  #sound = [new Float32Array(BLOCK), new Float32Array(BLOCK)];
  /** Views by their length: two lengths take turns, and process() makes none. */
  #views = Array.from({ length: BLOCK + 1 }, (_, length) =>
    this.#sound.map((plane) => plane.subarray(0, length)),
  );

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#onPage(data);
    loadCodec().then(() => this.#report({ type: "ready" }));
  }

  /**
   * @param {Float32Array[][]} _inputs
   * @param {Float32Array[][]} outputs
   */
  process(_inputs, outputs) {
    const [left, right] = outputs[0];
    if (currentTime - this.#told >= TELL_S) this.#tellPlaying();
    if (this.#ring) this.#takePackets(this.#ring, 1000 * (currentTime - left.length / sampleRate));
    const needed = this.#resamplers[0].inputNeeded(left.length);
    this.#mixAll(needed);
    this.#limiter.process(this.#mix[0], this.#mix[1], needed);
    this.#resamplers[0].process(this.#mix[0], needed, left);
    this.#resamplers[1].process(this.#mix[1], needed, right);
    separate(left, right);
    return true;
  }

  /** @param {number} length */
  #mixAll(length) {
    const sound = this.#views[length];
    this.#mix[0].fill(0, 0, length);
    this.#mix[1].fill(0, 0, length);
    for (const { buffer, fader } of this.#talkers.values()) {
      const isStereo = buffer.pop(sound[0], currentTime * 1000, sound[1]);
      if (!this.#muted) fader.addTo(this.#mix, sound, isStereo ? 2 : 1, length);
    }
    this.#replay.addTo(this.#mix, length, this.#muted);
  }

  /** @param {PlayoutReport} message */
  #report(message) {
    this.port.postMessage(message);
  }

  /** @param {PlayoutSetup} message */
  #onPage(message) {
    switch (message.type) {
      case "connect":
        return this.#connect(message.worker, message.memory);
      case "askStatistics":
        return this.#report({ type: "statistics", talkers: this.#statistics() });
    }
    return unreachable(message);
  }

  /**
   * @param {MessagePort} worker
   * @param {SharedArrayBuffer | null} memory of the ring
   */
  #connect(worker, memory) {
    this.#ring = memory && new PacketRing(memory);
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#onWorker(data);
  }

  #tellPlaying() {
    this.#told = currentTime;
    const talkers = [];
    for (const [talkerId, { buffer }] of this.#talkers) {
      const timestamp = buffer.playoutTimestamp;
      if (timestamp !== null) talkers.push({ talkerId, timestamp });
    }
    this.#sendPlaying({
      type: "playing",
      at: currentTime,
      atMs: Date.now(),
      talkers,
      replay: this.#replay.waiting,
    });
  }

  /** @param {Playing} message */
  #sendPlaying(message) {
    this.#worker?.postMessage(message);
  }

  /** @param {ArrayBuffer | PlayoutOrder} data a packet, or an order */
  #onWorker(data) {
    if (data instanceof ArrayBuffer) this.#onPacket(new Uint8Array(data), currentTime * 1000);
    else this.#onOrder(data);
  }

  /** @param {PlayoutOrder} order */
  #onOrder(order) {
    switch (order.type) {
      case "add":
        this.#add(order.talkerId);
        return;
      case "remove":
        return this.#remove(order.talkerId);
      case "clear":
        return [...this.#present.keys()].forEach((talkerId) => this.#remove(talkerId));
      case "setGain":
        return this.#present.get(order.talkerId)?.fadeTo(order.gain);
      case "setMuted":
        this.#muted = order.muted;
        return;
      case "beginReplay":
        return this.#replay.begin();
      case "replay":
        return this.#replay.push(order.mid, order.side);
      case "endReplay":
        return this.#replay.end();
    }
    return unreachable(order);
  }

  /**
   * @param {PacketRing} ring
   * @param {number} nowMs when the last block began, by which a message would tell the time as well
   */
  #takePackets(ring, nowMs) {
    for (let packet = ring.pop(); packet; packet = ring.pop()) this.#onPacket(packet, nowMs);
  }

  /**
   * @param {Uint8Array} data
   * @param {number} nowMs
   */
  #onPacket(data, nowMs) {
    // The worker has let only packets through.
    const { talkerId, seq, timestamp, payload, flags } = parsePacket(data);
    const starts = (flags & TALKSPURT_START) !== 0;
    this.#talkers.get(talkerId)?.buffer.push(seq, timestamp, payload, nowMs, starts);
  }

  /** @param {number} talkerId */
  async #add(talkerId) {
    this.#remove(talkerId);
    const fader = new Fader();
    this.#present.set(talkerId, fader);
    const decoder = await Decoder.create();
    if (this.#present.get(talkerId) === fader) {
      this.#talkers.set(talkerId, { decoder, buffer: new JitterBuffer(decoder), fader });
    } else {
      decoder.free();
    }
  }

  /** @param {number} talkerId */
  #remove(talkerId) {
    this.#present.delete(talkerId);
    this.#talkers.get(talkerId)?.decoder.free();
    this.#talkers.delete(talkerId);
  }

  #statistics() {
    return [...this.#talkers].map(([talkerId, { buffer }]) => ({ talkerId, ...buffer.statistics }));
  }
}

/**
 * Makes left and right, in place, of mid and side.
 * @param {Float32Array} mid
 * @param {Float32Array} side
 */
function separate(mid, side) {
  for (let i = 0; i < mid.length; i += 1) {
    const left = mid[i] + side[i];
    side[i] = mid[i] - side[i];
    mid[i] = left;
  }
}

registerProcessor("playout", Playout);
