// Whether this device and another one hear each other: what its talker says comes here as packets, and
// through the air as well. Then the levels of the packets and those of the microphone rise and fall together,
// one of them somewhat later.
//
// - The microphone is later where it hears our own loudspeaker; earlier where it hears the talker, or where
//   the other device sends back what was said here.
// - Levels in decibels are compared, over a window of some seconds and without what changes slowly: people
//   who talk in turns, or begin together, do not have the same syllables.
// - One likeness may be chance. It has to be found again, at the same delay, after more has been said.
//
// Time is counted in frames of the microphone. A packet is placed by its timestamp, so that a network that
// delivers in bursts does not smear it.

import { DURATION_UNIT_SAMPLES, FRAME_MS, SAMPLES_PER_FRAME } from "../../shared/audio_format.js";
import { WindowedMinimum } from "../../shared/windowed_minimum.js";

/** 10 s, of which 2 s are compared: about eight syllables. Fewer of them are alike by chance. */
const KEPT_FRAMES = 1_024;
const WINDOW_FRAMES = 200;
/** How much later than the packets the microphone may be, and how much earlier. */
const LATEST_FRAMES = 40;
const EARLIEST_FRAMES = 25;
/** What is softer, in −dBov, is silence. */
const FAINTEST_LEVEL = 55;
/** What changes slower than this is nobody's syllables. */
const SLOW_FRAMES = 30;
/** Of the window; with less there is nothing to compare. */
const LEAST_VOICE_FRAMES = 90;
/**
 * From -1 to 1. People in two rooms come so near by chance at times, but not three times at the same delay.
 */
const ALIKE = 0.75;
const STEADY_FRAMES = 2;
const TIMES = 3;
const OFFSET_WINDOW_MS = 10_000;

/** The levels of the last frames. */
class Course {
  #levels = new Float32Array(KEPT_FRAMES).fill(FAINTEST_LEVEL);

  /**
   * @param {number} frame
   * @param {number} level
   */
  set(frame, level) {
    this.#levels[frame % KEPT_FRAMES] = Math.min(FAINTEST_LEVEL, level);
  }

  /**
   * The levels up to a frame, each without the mean of those before it.
   * @param {number} end
   * @param {number} length
   */
  changes(end, length) {
    let sum = 0;
    const changes = new Float32Array(length);
    for (let i = -SLOW_FRAMES; i < length; i += 1) {
      sum += this.#at(end - length + i);
      if (i < 0) continue;
      sum -= this.#at(end - length + i - SLOW_FRAMES);
      changes[i] = this.#at(end - length + i) - sum / SLOW_FRAMES;
    }
    return changes;
  }

  /**
   * How many of the last frames were more than silence.
   * @param {number} end
   * @param {number} length
   */
  loudFrames(end, length) {
    let count = 0;
    for (let frame = end - length; frame < end; frame += 1) if (this.#at(frame) < FAINTEST_LEVEL) count += 1;
    return count;
  }

  /** @param {number} frame */
  #at(frame) {
    return this.#levels[(frame + KEPT_FRAMES) % KEPT_FRAMES];
  }
}

/** What is known of one talker. */
class Talker {
  #offset = new WindowedMinimum(OFFSET_WINDOW_MS);
  course = new Course();
  delay = 0;
  times = 0;

  /**
   * @param {number} now
   * @param {import("../../shared/packet.js").Packet} packet
   */
  push(now, { timestamp, level, duration }) {
    const sent = Math.round(timestamp / SAMPLES_PER_FRAME);
    const frame = sent + this.#offset.update(now * FRAME_MS, now - sent);
    if (frame <= now - WINDOW_FRAMES) return;
    const count = Math.ceil((duration * DURATION_UNIT_SAMPLES) / SAMPLES_PER_FRAME);
    for (let i = 0; i < count; i += 1) this.course.set(frame + i, level);
  }
}

export class CouplingDetector {
  #now = KEPT_FRAMES;
  #heard = new Course();
  /** @type {Map<number, Talker>} */
  #talkers = new Map();

  /**
   * Takes in the level of the microphone's next frame.
   * @param {number} level −dBov
   */
  process(level) {
    this.#heard.set(this.#now, level);
    this.#now += 1;
    for (const { course } of this.#talkers.values()) course.set(this.#now + KEPT_FRAMES / 2, FAINTEST_LEVEL);
  }

  /** @param {import("../../shared/packet.js").Packet} packet that was received */
  onPacket(packet) {
    const talker = this.#talkers.get(packet.talkerId) ?? new Talker();
    this.#talkers.set(packet.talkerId, talker);
    talker.push(this.#now, packet);
  }

  /** @param {number} talkerId who is gone */
  remove(talkerId) {
    this.#talkers.delete(talkerId);
  }

  /** Forgets everybody. */
  clear() {
    this.#talkers.clear();
  }

  /** The talkers who are in the same room as this device, by what was heard lately. Call it now and then. */
  look() {
    return [...this.#talkers].filter(([, talker]) => this.#found(talker)).map(([talkerId]) => talkerId);
  }

  /** @param {Talker} talker */
  #found(talker) {
    if (talker.course.loudFrames(this.#now, WINDOW_FRAMES) < LEAST_VOICE_FRAMES) return false;
    const { delay, likeness } = this.#best(talker.course);
    const again = Math.abs(delay - talker.delay) <= STEADY_FRAMES;
    talker.delay = delay;
    if (likeness < ALIKE) talker.times = 0;
    else talker.times = again ? talker.times + 1 : 1;
    return talker.times >= TIMES;
  }

  /** @param {Course} course */
  #best(course) {
    const played = course.changes(this.#now, WINDOW_FRAMES + LATEST_FRAMES);
    const heard = this.#heard.changes(this.#now, WINDOW_FRAMES + EARLIEST_FRAMES);
    let best = { delay: 0, likeness: 0 };
    for (let delay = -EARLIEST_FRAMES; delay <= LATEST_FRAMES; delay += 1) {
      const likeness = correlation(lastOf(played, Math.max(0, delay)), lastOf(heard, Math.max(0, -delay)));
      if (likeness > best.likeness) best = { delay, likeness };
    }
    return best;
  }
}

/**
 * @param {Float32Array} changes
 * @param {number} before the newest
 */
function lastOf(changes, before) {
  const end = changes.length - before;
  return changes.subarray(end - WINDOW_FRAMES, end);
}

/**
 * Pearson's, of values whose mean is about 0.
 * @param {Float32Array} one
 * @param {Float32Array} other
 */
function correlation(one, other) {
  let product = 0;
  let power = 0;
  let otherPower = 0;
  for (let i = 0; i < one.length; i += 1) {
    product += one[i] * other[i];
    power += one[i] ** 2;
    otherPower += other[i] ** 2;
  }
  return product / (Math.sqrt(power * otherPower) + Number.MIN_VALUE);
}
