// The way to another relay while the present one still has us: opens a socket to each of the others in turn,
// with back-off, until one lets us in. Nothing is lost meanwhile, for the present socket is left when the new
// one has its welcome.

import { waitMs } from "./backoff.js";

/**
 * For a relay to let us in: nothing is lost by waiting for one that is busy, but by giving it up when it has
 * just done so. What says nothing for so long is gone everywhere else, too. It doubles with each round.
 */
const PATIENCE_MS = 2_500;
/** 20 s at most: no relay keeps its members waiting for longer when it stops. */
const MOST_DOUBLINGS = 3;
/** For a relay to close by itself, as those do that know each other. */
const LETS_GO_MS = 500;
const LEFT = 1000;

/** @typedef {WebSocket | import("./http_socket.js").HttpSocket} Socket */

export class Move {
  #surroundings;
  #relays;
  #open;
  #onIn;
  #tries = 0;
  #timer = 0;
  /** @type {Socket | null} */
  #socket = null;
  /** A relay did not answer in time: it may have let us in. */
  #hasGivenUp = false;
  /** @type {((mayBeIn: boolean) => void) | null} */
  #onEnd = null;

  /**
   * @param {import("./surroundings.js").Surroundings} surroundings
   * @param {object} parts
   * @param {import("./relays.js").Relays} parts.relays
   * @param {(relay: string) => Socket} parts.open
   * @param {(socket: Socket, relay: string, welcome: string) => void} parts.onIn
   */
  constructor(surroundings, { relays, open, onIn }) {
    this.#surroundings = surroundings;
    this.#relays = relays;
    this.#open = open;
    this.#onIn = onIn;
  }

  /** @param {number} waitMs before the first try */
  begin(waitMs) {
    this.#timer = this.#surroundings.later(() => this.#try(), waitMs);
  }

  /**
   * The present relay has let us go: what is asked already is waited for, and nothing else.
   * @param {(mayBeIn: boolean) => void} onEnd where no welcome comes, though a relay may have let us in
   */
  finish(onEnd) {
    this.#onEnd = onEnd;
    this.#surroundings.cancel(this.#timer);
    if (this.#socket) this.#timer = this.#surroundings.later(() => this.#giveUp(), PATIENCE_MS);
    else onEnd(this.#hasGivenUp);
  }

  /** @returns {null} what is there then */
  end() {
    this.#surroundings.cancel(this.#timer);
    const socket = this.#release();
    socket?.close(LEFT);
    return null;
  }

  #try() {
    const { others } = this.#relays;
    if (!others.length) return;
    const relay = others[this.#tries % others.length];
    const round = Math.floor(this.#tries / others.length);
    this.#tries += 1;
    const socket = this.#open(relay);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (/** @type {{data: any}} */ { data }) => this.#onFirst(socket, relay, data);
    socket.onclose = () => this.#tryLater();
    this.#socket = socket;
    this.#timer = this.#surroundings.later(
      () => this.#giveUp(),
      PATIENCE_MS * 2 ** Math.min(round, MOST_DOUBLINGS),
    );
  }

  #giveUp() {
    this.#hasGivenUp = true;
    this.#tryLater();
  }

  /**
   * @param {Socket} socket
   * @param {string} relay
   * @param {unknown} data a relay's first message is its welcome
   */
  #onFirst(socket, relay, data) {
    if (typeof data !== "string") {
      this.#tryLater();
      return;
    }
    this.#surroundings.cancel(this.#timer);
    this.#release();
    this.#onIn(socket, relay, data);
  }

  #tryLater() {
    this.end();
    if (this.#onEnd) this.#onEnd(this.#hasGivenUp);
    else this.begin(waitMs(this.#tries, this.#surroundings.random()));
  }

  #release() {
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.onmessage = socket.onclose = null;
    return socket;
  }
}

/**
 * Leaves a relay that we have moved from: later, for one that knows where we are by now closes the socket
 * itself, and then nobody there sees us leave and come back.
 */
export class Parting {
  #surroundings;
  #timer = 0;
  /** @type {Socket | null} */
  #socket = null;

  /** @param {import("./surroundings.js").Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
  }

  /** @param {Socket | null} socket */
  from(socket) {
    this.now();
    this.#socket = socket;
    this.#timer = this.#surroundings.later(() => this.now(), LETS_GO_MS);
  }

  now() {
    this.#surroundings.cancel(this.#timer);
    this.#socket?.close(LEFT);
    this.#socket = null;
  }
}
