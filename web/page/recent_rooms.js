// The rooms that this device has been in, the latest first, kept in this browser alone.

import { load, parseKept, save } from "../ui/storage.js";

/** @typedef {import("./door.js").Visit} Visit */

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

/** @param {unknown} kept */
function isVisit(kept) {
  const { room, fragment, atMs } = Object(kept);
  return typeof room === "string" && typeof fragment === "string" && fragment.startsWith("#") && typeof atMs === "number";
}
