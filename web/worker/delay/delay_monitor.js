// What members of a room tell each other about time: when we speak, and how old it is what we hear. Twin of
// streamer/client/delay/delay_monitor.py; here the audio context has a clock of its own. Times are µs.

import { SAMPLE_RATE } from "../../shared/audio_format.js";
import { MouthToEar, UNKNOWN_US } from "./mouth_to_ear.js";
import { CaptureClock, RelayClock } from "./relay_clock.js";
import { SoundedError } from "./sounded_error.js";

/**
 * Counted in samples, not in time: the first packet after a stall is not to be told of more often than
 * others.
 */
const CLOCK_SAMPLES = SAMPLE_RATE / 2;
/** Two seconds of what plays: a browser may stop telling what has sounded. */
const MOST_WAITING = 20;

/**
 * What plays: sample `timestamp` of each talker left its jitter buffer at `poppedUs`, second `at` of the
 * audio context.
 * @typedef {{at: number, poppedUs: number, talkers: {talkerId: number, timestamp: number}[]}} Playing
 */

/**
 * Second `at` of the audio context sounded at the loudspeaker at `atUs` of this thread's clock.
 * @typedef {{at: number, atUs: number}} Sounded
 */

export class DelayMonitor {
  #capture = new CaptureClock();
  #toldPosition = -Infinity;
  #toldLate = 0;
  /** @type {Map<number, MouthToEar>} */
  #talkers = new Map();
  clock = new RelayClock();
  /** How long the microphone takes, as the browser says; null where it doesn't. @type {number | null} */
  captureUs = null;
  /** What plays, but had not sounded yet when the browser was last asked. @type {Playing[]} */
  #waiting = [];
  /** @type {Sounded | null} */
  #sounded = null;
  #soundedError = new SoundedError();

  /** A new connection: another relay's clock, other talkers. */
  restart() {
    this.clock = new RelayClock();
    this.#talkers.clear();
    this.#toldPosition = -Infinity;
  }

  /** @param {number} talkerId */
  add(talkerId) {
    this.#talkers.set(talkerId, new MouthToEar());
  }

  /** @param {number} talkerId */
  remove(talkerId) {
    this.#talkers.delete(talkerId);
  }

  /**
   * @param {import("../../shared/control.js").Pong} pong
   * @param {number} nowUs
   */
  onPong(pong, nowUs) {
    const { jumps } = this.clock;
    this.clock.pong(pong.t0, pong.t1, pong.t2, nowUs);
    if (this.clock.jumps > jumps) for (const talker of this.#talkers.values()) talker.forget();
  }

  /**
   * A talker told when what it says entered its microphone.
   * @param {Extract<import("../../shared/control.js").FromRelay, {type: "clock"}>} message
   * @param {number} nowUs
   */
  onClock(message, nowUs) {
    const [relayUs, errorUs] = [this.clock.relayUs(nowUs), this.clock.errorUs(nowUs)];
    if (relayUs === null || errorUs === null) return;
    this.#talkers.get(message.talker_id)?.onClock(message, nowUs, relayUs - nowUs, errorUs);
  }

  /**
   * A packet came.
   * @param {number} talkerId
   * @param {number} timestamp
   * @param {number} nowUs
   */
  onPacket(talkerId, timestamp, nowUs) {
    this.#talkers.get(talkerId)?.onPacket(timestamp, nowUs);
  }

  /** @param {Playing} playing */
  onPlaying(playing) {
    this.#waiting.push(playing);
    if (!this.#sounded || this.#waiting.length > MOST_WAITING) this.#tellNext(this.#sounded);
  }

  /**
   * The browser says what sounds; null where it doesn't. A device that ran out of sound plays silence, and
   * everything that is on its way sounds later: so a delay is told when its sound has been heard.
   * @param {Sounded | null} sounded
   */
  onSounded(sounded) {
    const before = this.#sounded;
    this.#sounded = sounded;
    if (sounded) this.#soundedError.add(sounded);
    while (this.#waiting.length > 0 && !(sounded && this.#waiting[0].at > sounded.at))
      this.#tellNext(sounded, before ?? sounded);
  }

  /**
   * @param {Sounded | null} sounded
   * @param {Sounded | null} before
   */
  #tellNext(sounded, before = sounded) {
    const { at, poppedUs, talkers } = /** @type {Playing} */ (this.#waiting.shift());
    const heardUs = sounded && before && soundedUs(at, before, sounded);
    const outputUs = heardUs && Math.max(0, Math.round(heardUs - poppedUs));
    for (const { talkerId, timestamp } of talkers)
      this.#talkers.get(talkerId)?.onPlayout(timestamp, poppedUs, outputUs);
  }

  /**
   * A block came from the microphone whose last sample is the one before `endPosition`.
   * @param {number} endPosition
   * @param {number} nowUs
   */
  captured(endPosition, nowUs) {
    this.#capture.onCapture(endPosition, nowUs);
  }

  /**
   * What to tell right behind the packet of sample `position`; null where it isn't time, or time isn't known.
   * @param {number} position
   * @param {number} nowUs
   * @param {number} [lateSamples] how much earlier what that packet holds entered the microphone; told anew
   *   as soon as it changes
   * @returns {Extract<import("../../shared/control.js").FromClient, {type: "clock"}> | null}
   */
  clockMessage(position, nowUs, lateSamples = 0) {
    if (lateSamples === this.#toldLate && position - this.#toldPosition < CLOCK_SAMPLES) return null;
    const { captureUs } = this;
    const capturedUs = this.#capture.capturedUs(position - lateSamples) - (captureUs ?? 0);
    const [serverUs, sentUs, errorUs] = [
      this.clock.relayUs(capturedUs),
      this.clock.relayUs(nowUs),
      this.clock.errorUs(nowUs),
    ];
    if (serverUs === null || sentUs === null || errorUs === null) return null;
    this.#toldPosition = position;
    this.#toldLate = lateSamples;
    return {
      type: "clock",
      timestamp: position % 2 ** 32,
      server_us: serverUs,
      device_us: captureUs ?? UNKNOWN_US,
      sent_us: sentUs,
      error_us: errorUs,
    };
  }

  /**
   * By talker.
   * @param {number} nowUs
   * @returns {[number, import("../../shared/delay_parts.js").Figure][]}
   */
  figures(nowUs) {
    const soundedErrorUs = this.#soundedError.us(nowUs);
    return [...this.#talkers].map(([talkerId, talker]) => [
      talkerId,
      talker.snapshot(nowUs, soundedErrorUs),
    ]);
  }
}

/**
 * When second `at` sounded, in µs; what the device lacked between two readings is shared out.
 * @param {number} at
 * @param {Sounded} before
 * @param {Sounded} after
 */
function soundedUs(at, before, after) {
  const usPerSecond = after.at > before.at ? (after.atUs - before.atUs) / (after.at - before.at) : 1e6;
  return after.atUs + (at - after.at) * usPerSecond;
}
