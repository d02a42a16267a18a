// The relays of a service that a client knows: in which order it tries them, and by which token it comes to
// each. Twin of client/relays.py.
//
// The relay that let us in last comes first, then those that it lists, then the one of our link. Each knows
// us by the token that it gave us; one that gave us none may know the newest (relays of a cluster do), and
// else lets us in by the invitation.
//
// A relay is named by its address as links begin, such as https://example.org/voice.

import { usableRelays } from "../../shared/relay_address.js";
import { attemptUrl } from "../../shared/room_link.js";

export class Relays {
  /** The query of the room's socket is the same at each of them. */
  #url;
  #link;
  #home;
  /** @type {string[]} */
  #listed = [];
  #newest;
  /** @type {Map<string, string>} */
  #tokens = new Map();
  #isLeaving = false;

  /**
   * @param {string} url of the room's socket at the relay of our link
   * @param {string} ownToken what we come by before a relay gave us a token
   */
  constructor(url, ownToken) {
    this.#url = new URL(url);
    this.#link = this.#home = `${this.#scheme}://${this.#url.host}${this.#url.pathname.replace(/\/ws$/, "")}`;
    this.#newest = ownToken;
  }

  /**
   * A relay has let us in, and knows us by `token`.
   * @param {string} relay
   * @param {string} token
   * @param {unknown[]} listed
   */
  joined(relay, token, listed) {
    this.#home = relay;
    this.#newest = token;
    this.#tokens.set(relay, token);
    this.learn(listed);
  }

  /**
   * What the relay that we are at says of the others, which replaces what was known, and whether they come
   * first.
   * @param {unknown[]} listed
   * @param {boolean} isLeaving
   */
  learn(listed, isLeaving = false) {
    this.#isLeaving = isLeaving;
    this.#listed = usableRelays(listed, this.#scheme);
    for (const relay of this.#tokens.keys()) if (!this.all.includes(relay)) this.#tokens.delete(relay);
  }

  /** The relay that we are at drains: the others come first. */
  leaveHome() {
    this.#isLeaving = true;
  }

  /** The one that let us in last. */
  get home() {
    return this.#home;
  }

  /** Where to move to. A load balancer may have the address of `home` itself. */
  get others() {
    return this.#listed;
  }

  /** In the order in which they are tried after a loss. @returns {string[]} */
  get all() {
    const first = this.#isLeaving ? [...this.#listed, this.#home] : [this.#home, ...this.#listed];
    return [...new Set([...first, this.#link])];
  }

  get newest() {
    return this.#newest;
  }

  /**
   * Of the room's socket there, for one attempt to come in.
   * @param {string} relay
   * @param {number} attempt
   */
  attemptUrl(relay, attempt) {
    const url = new URL(`${relay.replace(/^http/, "ws")}/ws${this.#url.search}`);
    return attemptUrl(url.href, this.#tokens.get(relay) ?? this.#newest, attempt);
  }

  get #scheme() {
    return this.#url.protocol === "wss:" ? "https" : "http";
  }
}
