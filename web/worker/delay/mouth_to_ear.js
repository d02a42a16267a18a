// How long one talker's voice takes from his mouth to this ear, now and over the last half minute. Twin of
// client/mouth_to_ear.py, which says what the parts are and how each is known. All times are µs of our own
// clock, except those in `clock` messages.

import { PARTS } from "../../shared/delay_parts.js";
import { SlidingWindow } from "../../shared/sliding_window.js";

/** @typedef {import("../../shared/delay_parts.js").Part} Part */
/** @typedef {import("../../shared/delay_parts.js").PartFigure} PartFigure */
/** @typedef {import("../../shared/delay_parts.js").Figure} Figure */
/** @typedef {import("../../shared/control.js").Clock & import("../../shared/control.js").Relayed} Clock */

/** In `device_us`: the device doesn't say. */
export const UNKNOWN_US = -1;
/** Of Opus with restricted low delay: a sound comes out of the decoder so much behind its timestamp. */
export const LOOK_AHEAD_US = 2_500;

const US_PER_SAMPLE = 1e6 / 48_000;
/** The twin has the reasons of these. */
const LONGEST_PACKET_SAMPLES = 2_880;
const ARRIVALS = 256;
const CLOCK_LASTS_US = 10_000_000;
const FIGURE_LASTS_US = 3_000_000;
const LONGEST_US = 10_000_000;
/**
 * A microphone's line of time that moves by so much between two messages has been broken: by sleep, or a new
 * device.
 */
const JUMP_US = 100_000;

/** @returns {Record<Part, SlidingWindow>} */
const windows = () =>
  /** @type {Record<Part, SlidingWindow>} */ (
    Object.fromEntries(PARTS.map((part) => [part, new SlidingWindow()]))
  );

export class MouthToEar {
  /** @type {Clock | null} */
  #clock = null;
  #errorUs = 0;
  /** @type {{timestamp: number, atUs: number}[]} */
  #arrivals = [];
  #total = new SlidingWindow();
  #parts = windows();
  #outputKnown = false;

  /** A clock jumped: forget everything that was known. */
  forget() {
    this.#clock = null;
    this.#arrivals = [];
    this.#total = new SlidingWindow();
    this.#parts = windows();
    this.#outputKnown = false;
  }

  /**
   * A `clock` message came; the relay's clock is ahead of ours by `aheadUs`, give or take `errorUs`.
   * @param {Clock} message
   * @param {number} heardUs
   * @param {number} aheadUs
   * @param {number} errorUs
   */
  onClock(message, heardUs, aheadUs, errorUs) {
    const clock = inOurTime(message, aheadUs);
    if (!isPossible(clock, heardUs, errorUs)) return;
    if (this.#clock && Math.abs(capturedUs(this.#clock, clock.timestamp) - clock.server_us) > JUMP_US) {
      const arrivals = this.#arrivals;
      this.forget();
      this.#arrivals = arrivals;
    }
    this.#clock = clock;
    this.#errorUs = clock.error_us + errorUs;
    const deviceUs = clock.device_us;
    if (deviceUs !== UNKNOWN_US) this.#add("capture", heardUs, deviceUs);
    this.#add("encode", heardUs, clock.sent_us - clock.server_us - Math.max(0, deviceUs) + LOOK_AHEAD_US);
    this.#add("up", heardUs, clock.received_us - clock.sent_us);
    this.#add("relay", heardUs, clock.relayed_us - clock.received_us);
    this.#add("down", heardUs, heardUs - clock.relayed_us);
  }

  /**
   * The packet that begins with sample `timestamp` came.
   * @param {number} timestamp
   * @param {number} atUs
   */
  onPacket(timestamp, atUs) {
    this.#arrivals.push({ timestamp, atUs });
    if (this.#arrivals.length > ARRIVALS) this.#arrivals.shift();
  }

  /**
   * Sample `timestamp` left the jitter buffer at `poppedUs`, and takes `outputUs` more; null if nobody knows.
   * @param {number} timestamp
   * @param {number} poppedUs
   * @param {number | null} outputUs
   */
  onPlayout(timestamp, poppedUs, outputUs) {
    const clock = this.#clock;
    if (!clock || poppedUs - clock.relayed_us > CLOCK_LASTS_US) return;
    const totalUs = poppedUs + (outputUs ?? 0) + LOOK_AHEAD_US - capturedUs(clock, timestamp);
    if (!(totalUs >= 0 && totalUs < LONGEST_US)) return;
    this.#outputKnown = outputUs !== null;
    this.#total.add(poppedUs, totalUs / 1000);
    if (outputUs !== null) this.#add("output", poppedUs, outputUs);
    const waitedUs = this.#waitedUs(timestamp, poppedUs);
    if (waitedUs !== null) this.#add("buffer", poppedUs, waitedUs);
  }

  /**
   * @param {number} nowUs
   * @param {number} [outputErrorUs] how far off the loudspeaker's share can be
   * @returns {Figure}
   */
  snapshot(nowUs, outputErrorUs = 0) {
    const parts = Object.fromEntries(PARTS.map((part) => [part, this.#part(part, nowUs)]));
    const totalMs = this.#total.quantiles(nowUs, FIGURE_LASTS_US);
    const complete = this.#clock !== null && this.#clock.device_us !== UNKNOWN_US && this.#outputKnown;
    // clocks and loudspeaker know nothing of each other
    const errorMs = totalMs && Math.hypot(this.#errorUs, outputErrorUs) / 1000;
    return { totalMs, complete, errorMs, parts: /** @type {Record<Part, PartFigure>} */ (parts) };
  }

  /**
   * @param {Part} part
   * @param {number} nowUs
   * @returns {PartFigure}
   */
  #part(part, nowUs) {
    const ms = this.#parts[part].quantiles(nowUs, FIGURE_LASTS_US);
    if (!ms) return { status: "unknown", ms };
    return { status: part === "capture" || part === "output" ? "reported" : "measured", ms };
  }

  /**
   * @param {Part} part
   * @param {number} atUs
   * @param {number} valueUs
   */
  #add(part, atUs, valueUs) {
    this.#parts[part].add(atUs, valueUs / 1000);
  }

  /**
   * How long the first sample of the packet that holds `timestamp` was in the buffer; null if it never came.
   * @param {number} timestamp
   * @param {number} poppedUs
   */
  #waitedUs(timestamp, poppedUs) {
    for (let i = this.#arrivals.length - 1; i >= 0; i -= 1) {
      const { timestamp: first, atUs } = this.#arrivals[i];
      const ahead = difference(timestamp, first);
      if (ahead >= 0 && ahead < LONGEST_PACKET_SAMPLES) return poppedUs - ahead * US_PER_SAMPLE - atUs;
    }
    return null;
  }
}

/**
 * @param {Clock} message
 * @param {number} aheadUs
 * @returns {Clock}
 */
function inOurTime(message, aheadUs) {
  const { server_us, sent_us, received_us, relayed_us } = message;
  return {
    ...message,
    server_us: server_us - aheadUs,
    sent_us: sent_us - aheadUs,
    received_us: received_us - aheadUs,
    relayed_us: relayed_us - aheadUs,
  };
}

/**
 * A figure lasts for seconds, and must not be made of times that nothing can have happened at.
 * @param {Clock} clock
 * @param {number} heardUs
 * @param {number} errorUs
 */
function isPossible({ device_us, error_us, server_us, received_us, relayed_us }, heardUs, errorUs) {
  const spans = [
    device_us,
    error_us,
    errorUs,
    ...[server_us, received_us, relayed_us].map((us) => heardUs - us),
  ];
  return spans.every((spanUs) => Math.abs(spanUs) < LONGEST_US);
}

/**
 * When sample `timestamp` entered the microphone.
 * @param {Clock} clock
 * @param {number} timestamp
 */
function capturedUs(clock, timestamp) {
  return clock.server_us + difference(timestamp, clock.timestamp) * US_PER_SAMPLE;
}

/**
 * How far `timestamp` is ahead of `other`, modulo 2³², as signed.
 * @param {number} timestamp
 * @param {number} other
 */
const difference = (timestamp, other) => (timestamp - other) | 0;
