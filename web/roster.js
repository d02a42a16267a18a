// Who is in the room, as the relay says it. Twin of client/roster.py.

/**
 * @typedef {object} Member
 * @property {number} talkerId
 * @property {string} name
 * @property {boolean} muted
 */

export class Roster {
  /** @type {Map<number, Member>} the others, in the order they came */
  #others = new Map();
  #talkerId = 0;
  room = "";
  name = "";

  get talkerId() {
    return this.#talkerId;
  }

  get others() {
    return [...this.#others.values()];
  }

  /**
   * Takes in what the relay said; gives the other member whom it is about, if any.
   * @param {import("./control.js").Message} message
   * @returns {Member | undefined}
   */
  apply(message) {
    const { type, talker_id: talkerId, name, muted } = message;
    const member = this.#others.get(talkerId);
    switch (type) {
      case "welcome":
        this.#welcome(message);
        return undefined;
      case "joined":
        this.#others.set(talkerId, { talkerId, name, muted });
        return this.#others.get(talkerId);
      case "left":
        this.#others.delete(talkerId);
        return member;
      case "state":
        if (member) member.muted = muted;
        return member;
      default:
        return undefined;
    }
  }

  /** @param {import("./control.js").Message} message */
  #welcome({ talker_id, room, name, members }) {
    this.#talkerId = talker_id;
    this.room = room;
    this.name = name;
    this.#others = new Map();
    for (const member of members) this.apply({ ...member, type: "joined" });
  }
}
