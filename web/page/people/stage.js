// Who is on the stage of a full room. Three places are always there. A talker takes the first free one and
// keeps it until two seconds after their last sound; raised hands, the oldest first, fill the rest. A raised
// hand yields to a talker; a talker never yields. Nobody moves from one place to another.

export const PLACES = 3;
const KEPT_MS = 2_000;

/** Nobody. */
const NOBODY = 0;

export class Stage {
  /**
   * `soundedMs` is −Infinity for a raised hand that has not talked
   * @type {{talkerId: number, soundedMs: number}[]}
   */
  #places = Array.from({ length: PLACES }, () => ({ talkerId: NOBODY, soundedMs: -Infinity }));

  /**
   * @param {number} nowMs
   * @param {number[]} talking
   * @param {number[]} hands in the order in which they were raised
   * @returns {number[]} the talker in each place; 0 for an empty place
   */
  update(nowMs, talking, hands) {
    for (const place of this.#places) {
      if (talking.includes(place.talkerId)) place.soundedMs = nowMs;
      else if (nowMs - place.soundedMs > KEPT_MS && !hands.includes(place.talkerId)) place.talkerId = NOBODY;
    }
    for (const talkerId of talking)
      this.#enter(talkerId, nowMs, (place) => nowMs - place.soundedMs > KEPT_MS);
    for (const talkerId of hands) this.#enter(talkerId, -Infinity, () => false);
    return this.#places.map(({ talkerId }) => talkerId);
  }

  /**
   * Somebody left the room.
   * @param {number[]} present
   */
  keepOnly(present) {
    for (const place of this.#places) if (!present.includes(place.talkerId)) place.talkerId = NOBODY;
  }

  /**
   * @param {number} talkerId
   * @param {number} soundedMs
   * @param {(place: {talkerId: number, soundedMs: number}) => boolean} mayReplace
   */
  #enter(talkerId, soundedMs, mayReplace) {
    if (this.#places.some((place) => place.talkerId === talkerId)) return;
    const place = this.#places.find((one) => one.talkerId === NOBODY) ?? this.#places.find(mayReplace);
    if (place) Object.assign(place, { talkerId, soundedMs });
  }
}
