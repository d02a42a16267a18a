// How others come into this room: a link for those who will talk, and one for those who will only listen.
//
// The host's own key is never part of it. Where the relay has its own certificate authority, the link leads
// over the plain-HTTP page with the steps to trust it.

import { serializeFragment } from "../../shared/room_link.js";

/** @typedef {"talk" | "listen"} Role */
/**
 * `ends` is the time of day in ms since 1970; 0 where it does not end. `usesLeft` is null where it lets in
 * any number.
 * @typedef {{role: Role, key: string, ends: number, usesLeft: number | null}} Invite
 */
/** @typedef {import("../../shared/control.js").WireInvite} WireInvite */

const SECOND_MS = 1_000;

export class Invitation {
  #start;
  #room = "";
  /** @type {Map<Role, Invite>} */
  #invites = new Map();
  /** Whether this device is a host's, who may make a new one. */
  byHost = false;
  onChange = () => {};

  /** @param {string} folder that this page is in, where the relay names no other place */
  constructor(folder) {
    this.#start = folder;
  }

  /**
   * @param {string} room
   * @param {WireInvite[]} invites none where nobody may be invited; an empty key where none is needed
   * @param {string} joinOrigin where a device that does not trust the relay yet begins; empty where that is
   *   this page
   */
  set(room, invites, joinOrigin) {
    this.#room = room;
    this.#invites = new Map(invites.map((invite) => [invite.role, inviteOf(invite)]));
    if (joinOrigin) this.#start = `${joinOrigin}/`;
    this.onChange();
  }

  /**
   * @param {WireInvite[]} invites as they are now
   * @returns {boolean} whether they have other keys than before
   */
  replace(invites) {
    const areNew = invites.some(
      ({ role, key }) => this.#invites.get(/** @type {Role} */ (role))?.key !== key,
    );
    for (const invite of invites) this.#invites.set(invite.role, inviteOf(invite));
    this.onChange();
    return areNew;
  }

  /** @param {Role} role */
  has(role) {
    return this.#invites.has(role);
  }

  get isEmpty() {
    return this.#invites.size === 0;
  }

  /** Where no key is asked for, anybody may come in at any time. */
  get isLimitable() {
    return this.key !== "";
  }

  get room() {
    return this.#room;
  }

  /** The key of the room for this address bar: what somebody may see who looks over a shoulder. */
  get key() {
    return this.#invites.get("talk")?.key ?? this.#invites.get("listen")?.key ?? "";
  }

  /**
   * @param {Role} role
   * @returns {string} empty where nobody may be invited like that
   */
  link(role) {
    const invite = this.#invites.get(role);
    if (!invite) return "";
    const fragment = serializeFragment({ room: this.#room, key: invite.key, listen: role === "listen" });
    return `${this.#start}${fragment}`;
  }

  /** @param {Role} role */
  endsAt(role) {
    return this.#invites.get(role)?.ends ?? 0;
  }

  /** @param {Role} role */
  usesLeft(role) {
    return this.#invites.get(role)?.usesLeft ?? null;
  }
}

/** @param {WireInvite} invite @returns {Invite} */
function inviteOf({ role, key, ends_s, uses_left }) {
  return { role: /** @type {Role} */ (role), key, ends: ends_s * SECOND_MS, usesLeft: uses_left ?? null };
}
