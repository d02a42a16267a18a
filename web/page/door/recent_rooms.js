// The rooms that this device has been in, the latest first, kept in this browser alone.

import { parseFragment } from "../../shared/room_link.js";
import { load, parseKept, save } from "../../ui/storage.js";

/** @typedef {import("./door.js").Visit} Visit */
/** @typedef {import("./room_preview.js").Preview} Preview */

/** As many as fit on a phone without scrolling. */
const MOST = 5;

export class RecentRooms {
  /** @returns {Visit[]} */
  get all() {
    const { visits } = parseKept(load("recent"));
    return Array.isArray(visits) ? visits.filter(isVisit).slice(0, MOST) : [];
  }

  /**
   * @param {string} room
   * @param {string} fragment that leads there again
   */
  add(room, fragment) {
    const visits = [{ room, fragment, atMs: Date.now() }, ...this.all.filter((visit) => visit.room !== room)];
    save("recent", JSON.stringify({ visits: visits.slice(0, MOST) }));
  }
}

/**
 * Between two looks: a class of 30 phones behind one address asks 5 × 30 times in that time, which the relay
 * allows.
 */
export const LOOK_EVERY_MS = 20_000;

/**
 * Says who is in the rooms that are shown, for as long as they are. A room that can't be asked keeps what is
 * said of it.
 */
export class RecentPresence {
  #ask;
  #show;
  #isSeen;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** Counts starts and stops: an answer to an earlier question is not shown. */
  #round = 0;

  /**
   * @param {object} parts
   * @param {typeof import("./room_preview.js").previewRoom} parts.ask
   * @param {(room: string, preview: Preview) => void} parts.show
   * @param {() => boolean} parts.isSeen a hidden page asks nothing
   */
  constructor({ ask, show, isSeen }) {
    this.#ask = ask;
    this.#show = show;
    this.#isSeen = isSeen;
  }

  /**
   * @param {Visit[]} visits
   * @param {string} hostKey empty where this browser is not a host's
   */
  start(visits, hostKey) {
    this.stop();
    const look = () => this.#isSeen() && visits.forEach((visit) => this.#look(visit, hostKey));
    look();
    this.#timer = setInterval(look, LOOK_EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#round += 1;
  }

  /**
   * @param {Visit} visit
   * @param {string} hostKey
   */
  async #look({ room, fragment }, hostKey) {
    const round = this.#round;
    const { key, token } = parseFragment(fragment);
    const answer = await this.#ask({ room, key: hostKey || key, token });
    if (answer && !("error" in answer) && round === this.#round) this.#show(room, answer);
  }
}

/** @param {unknown} kept */
function isVisit(kept) {
  const { room, fragment, atMs } = Object(kept);
  return (
    typeof room === "string" &&
    typeof fragment === "string" &&
    fragment.startsWith("#") &&
    typeof atMs === "number"
  );
}
