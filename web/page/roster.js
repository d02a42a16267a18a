// Who is in the room, as the relay says it. Twin of client/roster.py.

/**
 * @typedef {object} Member
 * @property {number} talkerId
 * @property {string} name
 * @property {boolean} muted
 * @property {boolean} away
 * @property {boolean} hand raised
 */

export class Roster {
  /** @type {Map<number, Member>} the others, in the order they came */
  #others = new Map();
  #talkerId = 0;
  room = "";
  name = "";
  /** Whether we have the host's rights. */
  host = false;

  get talkerId() {
    return this.#talkerId;
  }

  get others() {
    return [...this.#others.values()];
  }

  /**
   * The names of who talks now, our own among them.
   * @param {import("../worker/talker_levels.js").LevelOf} levels
   */
  talking(levels) {
    const members = [{ talkerId: this.#talkerId, name: this.name }, ...this.#others.values()];
    return members.filter(({ talkerId }) => levels[talkerId]?.voice).map(({ name }) => name);
  }

  /** @param {number} talkerId */
  nameOf(talkerId) {
    return talkerId === this.#talkerId ? this.name : (this.#others.get(talkerId)?.name ?? "");
  }

  /**
   * Takes in what the relay said; gives the other member whom it is about, if any.
   * @param {import("../shared/control.js").Message} message
   * @returns {Member | undefined}
   */
  apply(message) {
    const { type, talker_id: talkerId, name, muted, away, hand } = message;
    const member = this.#others.get(talkerId);
    switch (type) {
      case "welcome":
        this.#welcome(message);
        return undefined;
      case "joined":
        this.#others.set(talkerId, { talkerId, name, muted, away, hand });
        return this.#others.get(talkerId);
      case "left":
        this.#others.delete(talkerId);
        return member;
      case "state":
        if (member) Object.assign(member, { muted, away, hand });
        return member;
      default:
        return undefined;
    }
  }

  /** @param {import("../shared/control.js").Message} message */
  #welcome({ talker_id, room, name, members, host }) {
    this.#talkerId = talker_id;
    this.room = room;
    this.name = name;
    this.host = host;
    this.#others = new Map();
    for (const member of members) this.apply({ ...member, type: "joined" });
  }
}
