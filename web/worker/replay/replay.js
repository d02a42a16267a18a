// Plays again what was heard lately, for this listener alone: keeps it, decodes it when it is asked for, and
// hands it to the audio thread as that plays it. Nothing of it is ever sent.

import { TALKSPURT_START, ENCRYPTED } from "../../shared/packet.js";
import { ReplayMix, passagesOf, spokenMs } from "./mix.js";
import { LAST_MS, MISSED_MS, ReplayStore } from "./store.js";
import { TimeStretch } from "./time_stretch.js";

/**
 * Waits in the audio thread: a busy worker may be late for so long. Twice as much would stop and change speed
 * audibly late.
 */
const AHEAD_SAMPLES = 19_200;
/** Where the audio thread has not told for so long what plays, the device has stopped the sound. */
const PAUSED_MS = 2_000;
/** Less than that is a cough. */
const LEAST_MISSED_MS = 500;

/** @typedef {import("../../shared/messages.js").Report} Report */
/** @typedef {import("../../shared/worklet_messages.js").PlayoutOrder} PlayoutOrder */
/** @typedef {import("./store.js").Said} Said */

/**
 * @typedef {object} Parts
 * @property {() => Promise<import("./mix.js").Decoder>} newDecoder
 * @property {(talkerId: number) => string | undefined} nameOf
 * @property {(name: string) => number} gainOf
 * @property {(order: PlayoutOrder, moved?: Transferable[]) => void} play
 * @property {(report: Report) => void} report
 */

/**
 * @typedef {{mix: ReplayMix, stretch: TimeStretch, talkers: string[], ahead: {samples: number,
 *   talking: string[]}[]}} Playing
 */

export class Replay {
  #parts;
  #store = new ReplayStore();
  /** @type {Playing | null} */
  #playing = null;
  #speed = 1;
  /** Counts what was asked for: decoders are made meanwhile. */
  #asked = 0;
  #isPushToTalk = { floor: false, button: false };
  /** Since when nobody is at the page; null while somebody is. @type {number | null} */
  #awaySinceMs = null;
  #playedMs = -Infinity;
  #missed = { fromMs: 0, toMs: 0 };

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  /**
   * @param {import("../../shared/packet.js").Packet} packet
   * @param {number} nowMs
   */
  onPacket(packet, nowMs) {
    const name = this.#parts.nameOf(packet.talkerId);
    if (name === undefined || packet.flags & ENCRYPTED) return;
    this.#store.keep(name, packet, nowMs, (packet.flags & TALKSPURT_START) !== 0);
  }

  /** @param {import("../../shared/control.js").FromRelay} message */
  onControl(message) {
    if (message.type === "welcome") {
      this.#store.renewAll();
      this.#setPushToTalk({ floor: false });
    } else if (message.type === "joined" || message.type === "left") this.#store.renew(message.talker_id);
    else if (message.type === "recording") this.#leaveOut(message.left_out);
    else if (message.type === "floor") this.#setPushToTalk({ floor: message.on });
  }

  /** Nothing of them is kept; a replay that runs may hold some of it. @param {number[]} talkerIds */
  #leaveOut(talkerIds) {
    const names = talkerIds.map((talkerId) => this.#parts.nameOf(talkerId) ?? "");
    this.#store.leaveOut(talkerIds, names);
    if (this.#playing?.talkers.some((name) => names.includes(name))) this.stop();
  }

  /** @param {boolean} button this listener talks by a button */
  set talksByButton(button) {
    this.#setPushToTalk({ button });
  }

  /** @param {Partial<{floor: boolean, button: boolean}>} change */
  #setPushToTalk(change) {
    Object.assign(this.#isPushToTalk, change);
    const { floor, button } = this.#isPushToTalk;
    this.#store.keepMs = floor || button ? MISSED_MS : LAST_MS;
  }

  /** Of the room: nothing of it is kept. */
  clear() {
    this.stop();
    this.#store.clear();
    this.#parts.report({ type: "missed", names: [], lastsMs: 0 });
  }

  /**
   * @param {boolean} away
   * @param {number} nowMs
   */
  setAway(away, nowMs) {
    if (away) this.#awaySinceMs ??= nowMs;
    else this.#offer(this.#awaySinceMs, nowMs);
    if (!away) this.#awaySinceMs = null;
  }

  /**
   * @param {"last" | "missed"} what
   * @param {number} nowMs
   */
  async start(what, nowMs) {
    this.stop();
    const asked = ++this.#asked;
    this.#store.expire(nowMs);
    const { fromMs, toMs } = what === "last" ? { fromMs: nowMs - LAST_MS, toMs: nowMs } : this.#missed;
    const said = this.#store.said(fromMs, toMs);
    if (said.length === 0) return this.#parts.report({ type: "nothingToReplay" });
    const decoders = await Promise.all(said.map(() => this.#parts.newDecoder()));
    if (asked !== this.#asked) return decoders.forEach((decoder) => decoder.free());
    const mix = new ReplayMix(said, decoders, this.#parts.gainOf);
    const stretch = new TimeStretch((count) => mix.read(count));
    stretch.speed = this.#speed;
    this.#playing = { mix, stretch, talkers: namesOf(said), ahead: [] };
    this.#parts.play({ type: "beginReplay" });
    return this.#tell();
  }

  stop() {
    this.#asked += 1;
    if (!this.#playing) return;
    this.#playing.mix.free();
    this.#playing = null;
    this.#parts.play({ type: "endReplay" });
    this.#parts.report({ type: "replay", replay: null });
  }

  /** @param {number} speed how much faster than it was said */
  set speed(speed) {
    this.#speed = speed;
    if (!this.#playing) return;
    this.#playing.stretch.speed = speed;
    this.#tell();
  }

  /**
   * The audio thread plays.
   * @param {number} waiting samples of a replay that it still has
   * @param {number} nowMs
   */
  onPlaying(waiting, nowMs) {
    if (nowMs - this.#playedMs > PAUSED_MS && this.#awaySinceMs === null) this.#offer(this.#playedMs, nowMs);
    this.#playedMs = nowMs;
    const playing = this.#playing;
    if (!playing) return;
    if (waiting === 0 && playing.mix.leftMs === 0) return this.stop();
    for (let ahead = waiting; ahead < AHEAD_SAMPLES && playing.mix.leftMs > 0;)
      ahead += this.#sendMore(playing);
    let played = playing.ahead.reduce((sum, { samples }) => sum + samples, 0) - waiting;
    while (played > 0 && playing.ahead.length > 1 && playing.ahead[0].samples <= played) {
      played -= /** @type {{samples: number}} */ (playing.ahead.shift()).samples;
    }
    this.#tell();
  }

  /** @param {Playing} playing @returns how many samples it was */
  #sendMore({ mix, stretch, ahead }) {
    const [mid, side] = stretch.next();
    const samples = mid.length; // what is moved to another thread has no length any more
    ahead.push({ samples, talking: mix.talking });
    this.#parts.play({ type: "replay", mid, side }, [mid.buffer, side.buffer]);
    return samples;
  }

  #tell() {
    if (!this.#playing) return;
    const { mix, talkers, ahead } = this.#playing;
    const leftMs = mix.leftMs / this.#speed;
    this.#parts.report({
      type: "replay",
      replay: { talkers, talking: ahead[0]?.talking ?? [], leftMs, speed: this.#speed },
    });
  }

  /**
   * @param {number | null} fromMs when the listener went; null where nobody did
   * @param {number} toMs
   */
  #offer(fromMs, toMs) {
    const { floor, button } = this.#isPushToTalk;
    if (fromMs === null || !(floor || button)) return;
    this.#store.expire(toMs);
    const said = this.#store.said(fromMs, toMs);
    const missedMs = said.reduce((sum, each) => sum + spokenMs(each), 0);
    if (missedMs < LEAST_MISSED_MS) return;
    this.#missed = { fromMs, toMs };
    const lastsMs = passagesOf(said).reduce((sum, passage) => sum + passage.toMs - passage.fromMs, 0);
    this.#parts.report({ type: "missed", names: namesOf(said), lastsMs });
  }
}

/** @param {Said[]} said @returns {string[]} each once, in the order in which they began */
function namesOf(said) {
  const inOrder = [...said].sort((a, b) => a.packets[0].startMs - b.packets[0].startMs);
  return [...new Set(inOrder.map(({ name }) => name))];
}
