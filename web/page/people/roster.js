// Who is in the room, as the relay says it. Twin of client/members.py.

/** @typedef {import("../../shared/control.js").FromRelay} FromRelay */
/** @typedef {import("../../shared/control.js").Member} WireMember */

/**
 * @typedef {object} Person
 * @property {number} talkerId
 * @property {string} name the relay tells those of the same name apart
 * @property {boolean} own
 * @property {boolean} host
 * @property {boolean} muted
 * @property {boolean} away
 * @property {boolean} listening does not talk: may only listen, or wants to
 * @property {boolean} mayTalk the relay forwards what they say
 * @property {number} hand when it was raised, in µs of the relay's clock; 0 while it is down
 */

export class Roster {
  /** Everybody, oneself among them, in the order in which they came. @type {Map<number, WireMember>} */
  #members = new Map();
  #talkerId = 0;
  room = "";
  /** Whether we have the host's rights. */
  host = false;

  get talkerId() {
    return this.#talkerId;
  }

  /** What the others call us. */
  get name() {
    return this.#members.get(this.#talkerId)?.name ?? "";
  }

  /** @returns {Person[]} in the order in which they came */
  get people() {
    return [...this.#members.values()].map((member) => this.#person(member));
  }

  /** @returns {Person[]} */
  get others() {
    return this.people.filter(({ own }) => !own);
  }

  /** @returns {Person | undefined} */
  get own() {
    return this.people.find(({ own }) => own);
  }

  /** @param {number} talkerId */
  find(talkerId) {
    return this.people.find((person) => person.talkerId === talkerId);
  }

  /**
   * Who talks now, oneself too.
   * @param {import("../../shared/messages.js").LevelOf} levels
   */
  talking(levels) {
    return this.people.filter(({ talkerId }) => levels[talkerId]?.voice);
  }

  /** @param {number} talkerId */
  nameOf(talkerId) {
    return this.find(talkerId)?.name ?? "";
  }

  /** @param {Extract<FromRelay, {type: "welcome"}>} welcome */
  onWelcome({ talker_id, room, name, members, host, role }) {
    this.#talkerId = talker_id;
    this.room = room;
    this.host = host;
    this.#members = new Map(members.map((member) => [member.talker_id, member]));
    this.#members.set(talker_id, {
      talker_id,
      name,
      muted: false,
      away: false,
      hand: false,
      hand_us: 0,
      host,
      role,
      listening: false,
    });
  }

  /** @param {Extract<FromRelay, {type: "joined"}>} joined */
  onJoined({ type, ...member }) {
    this.#members.set(member.talker_id, member);
  }

  /** @param {number} talkerId @returns {string} the name of who went; empty where nobody knew them */
  onLeft(talkerId) {
    const name = this.nameOf(talkerId);
    this.#members.delete(talkerId);
    return name;
  }

  /** @param {Extract<FromRelay, {type: "state"}>} state */
  onState({ type, talker_id, ...state }) {
    this.#change(talker_id, state);
  }

  /** @param {Extract<FromRelay, {type: "role"}>} message */
  onRole({ talker_id, role }) {
    this.#change(talker_id, { role });
  }

  /**
   * What the others see of us; the relay does not send it back.
   * @param {Partial<WireMember>} change
   */
  changeOwn(change) {
    this.#change(this.#talkerId, change);
  }

  /**
   * @param {number} talkerId
   * @param {Partial<WireMember>} change
   */
  #change(talkerId, change) {
    const member = this.#members.get(talkerId);
    if (member) this.#members.set(talkerId, { ...member, ...change });
  }

  /**
   * @param {WireMember} member
   * @returns {Person}
   */
  #person({ talker_id, name, muted, away, hand, hand_us, host, role, listening }) {
    return {
      talkerId: talker_id,
      name,
      own: talker_id === this.#talkerId,
      host,
      muted,
      away,
      listening: listening || role === "listen",
      mayTalk: role === "talk",
      hand: hand ? Math.max(1, hand_us) : 0,
    };
  }
}
