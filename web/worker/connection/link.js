// The connection to the relay, kept up: opens it, tells what comes, and after a loss opens it again.
//
//   connecting → joined → lost → joined … until `leave` (→ left) or the relay says no for good (→ refused)
//
// A refusal of the handshake is invisible to a WebSocket, so the same address is then asked by `fetch`, which
// can read the relay's reason, the one that the socket got. After a loss that is asked first, and a socket
// opened once the relay would let us in: browsers hold back sockets to where many have failed. A connection
// on which nothing came for SILENT_MS, pongs included, is dead; so is one that doesn't open in that time.
//
// Each attempt has a number, and a token that makes it ours. So the relay takes no attempt that was held up
// on its way for a newer one than the connection that we have by then.
//
// Where the relay would let us in and the socket does not open, or does not last, a leg runs over HTTP
// requests. They are a socket to everything here; whether they are, is told to `onSlow`.
//
// Where the service has other relays, they are asked in turn after a loss; and one that drains asks us to
// move: then a socket to another one is opened first, and the present one is left when that has its welcome.

import { FROM_RELAY, readControl } from "../../shared/control.js";
import { takingBundles } from "../../shared/room_link.js";
import { waitMs } from "./backoff.js";
import { HttpSocket, RETRY_MS } from "./http_socket.js";
import { Move, Parting } from "./move.js";
import { Relays } from "./relays.js";
import { refusalOf } from "./surroundings.js";

export const SUBPROTOCOL = "streamer.v1";
const SILENT_MS = 2_500;
/** For a relay that says something to let us in. A busy one takes a second or two. */
const WELCOME_MS = 20_000;
/** A pong is overdue: when the network comes back, such a connection is not waited for. */
const QUIET_MS = 1_500;
const LOOK_MS = 250;
/** A welcome has at most so many bytes (PROTOCOL.md), and no character has less than one. */
const MAX_MESSAGE_CHARACTERS = 65_536;
/** A socket that ends sooner did not last; so many in a row are no accident. */
const SHORT_LIVED_MS = 5_000;
const SHORT_LIVED = 3;
const MOST_SHORT_LIVED = 8;
const LEFT = 1000;
const CUT_OFF = [0, 1006];
const GOING_AWAY = 1001;
const REPLACED = 4409;
/** From one move to the next, half of what a relay gives: two that send us to and fro don't keep us busy. */
const MOVE_AGAIN_MS = 5_000;
/** Codes after which coming back would only do the same again (PROTOCOL.md, Close codes). */
const FINAL_CLOSES = [4400, 4401, 4409, 4429];
/** Whoever came back would send the next visitor of the room echo away. */
const ECHO_WANTED = "echo-wanted";
/** Refusals that pass by themselves. */
const PASSING_REFUSALS = ["draining", "too-many", "noRelay"];
/** A later attempt of ours came in before: the next one is not too late. */
const STALE = "stale";
/** What a plain GET gets where a WebSocket would have been let in. */
const ADMITTED = "bad-handshake";

/** @typedef {import("../../shared/messages.js").LinkState} LinkState */

export class Link {
  #surroundings;
  /** @type {WebSocket | HttpSocket | null} */
  #socket = null;
  /** Null while we are to be nowhere. @type {Relays | null} */
  #relays = null;
  /** The relay of the present socket, or of the last attempt. */
  #at = "";
  /** @type {Move | null} */
  #move = null;
  #movedMs = -Infinity;
  #parting;
  /** Attempts so far, in all rooms. */
  #attempts = 0;
  #tries = 0;
  /** Sockets in a row that the relay would have let in, and that did not open: after some, requests. */
  #blocked = 0;
  /** WebSockets in a row that were cut off soon after they had opened. */
  #shortLived = 0;
  /** When a WebSocket let us in, or took over; null while there is none. @type {number | null} */
  #openedMs = null;
  #timer = 0;
  #joined = false;
  #heardMs = 0;
  #heldMs = 0;
  /** A WebSocket was accepted: it is no certificate that keeps us out. */
  #wasAccepted = false;
  /** @type {(state: LinkState, reason: string, message: string) => void} */
  onState = () => {};
  /** @type {(message: import("../../shared/control.js").FromRelay) => void} */
  onControl = () => {};
  /** @type {(data: ArrayBuffer) => void} */
  onPacket = () => {};

  /** @type {(slow: boolean) => void} */
  onSlow = () => {};

  /** @param {import("./surroundings.js").Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
    this.#parting = new Parting(surroundings);
  }

  /** @param {string} url of the room's socket */
  join(url) {
    this.#end();
    this.#relays = new Relays(url, new URL(url).searchParams.get("resume") ?? this.#surroundings.token());
    this.#at = this.#relays.home;
    this.#tries = this.#blocked = this.#shortLived = 0;
    this.#wasAccepted = false;
    this.onState("connecting", "", "");
    this.#open();
  }

  leave() {
    this.send({ type: "leave" });
    this.#end();
    this.onState("left", "", "");
  }

  /** The network may be back: don't wait any longer, nor for a connection that has gone quiet. */
  hurry() {
    if (this.#socket && this.#silentMs > QUIET_MS) this.#giveUp();
    if (this.#relays && !this.#socket) this.#ask(this.#nextRelay);
  }

  /** @param {import("../../shared/control.js").FromClient} message */
  send(message) {
    if (this.#joined) this.#socket?.send(JSON.stringify(message));
  }

  /** @param {Uint8Array<ArrayBuffer>} packet */
  sendPacket(packet) {
    if (this.#joined) this.#socket?.send(packet);
  }

  /**
   * Of the next attempt: one that asks counts, too.
   * @param {string} relay
   */
  #nextUrl(relay) {
    this.#attempts += 1;
    return this.#relays?.attemptUrl(relay, this.#attempts) ?? "";
  }

  /** After a loss they are asked in turn. */
  get #nextRelay() {
    const all = this.#relays?.all ?? [];
    return all[Math.max(0, this.#tries - 1) % all.length] ?? "";
  }

  #open() {
    this.#hold(this.#webSocket(this.#at));
  }

  #openOverHttp() {
    this.#hold(this.#httpSocket(this.#at));
  }

  /** Over HTTP, what comes together is in one answer anyhow. @param {string} relay */
  #webSocket(relay) {
    return this.#surroundings.open(takingBundles(this.#nextUrl(relay)), SUBPROTOCOL);
  }

  /**
   * Where WebSockets do not last, one is tried less and less often.
   * @param {string} relay
   */
  #httpSocket(relay) {
    const retryMs = RETRY_MS * 2 ** Math.max(0, this.#shortLived - SHORT_LIVED);
    const socket = new HttpSocket(this.#surroundings, this.#nextUrl(relay), SUBPROTOCOL, retryMs);
    socket.onTakenOver = () => {
      this.#openedMs = this.#surroundings.nowMs();
      this.onSlow(false);
    };
    return socket;
  }

  /** @param {WebSocket | HttpSocket} socket */
  #hold(socket) {
    socket.binaryType = "arraybuffer";
    socket.onmessage = (/** @type {{data: any}} */ { data }) => this.#onMessage(data);
    socket.onclose = (/** @type {CloseEvent} */ { code, reason }) => this.#onClose(code, reason);
    if (!(socket instanceof HttpSocket)) socket.onopen = () => (this.#wasAccepted = true);
    this.#socket = socket;
    this.#surroundings.cancel(this.#timer);
    this.#heldMs = this.#heardMs = this.#surroundings.nowMs();
    this.#watch();
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#heardMs = this.#surroundings.nowMs();
    if (typeof data !== "string") {
      this.onPacket(data);
      return;
    }
    if (data.length > MAX_MESSAGE_CHARACTERS) {
      this.#onTooBig();
      return;
    }
    const message = readControl(data, FROM_RELAY);
    if (message === null) return;
    if (message.type === "welcome") this.#onWelcome(message);
    else if (message.type === "relays") this.#onRelays(message);
    this.onControl(message);
  }

  /** A later message may be within the bound again, so the room is asked for later. */
  #onTooBig() {
    const socket = this.#socket;
    this.#drop();
    socket?.close(LEFT);
    this.#lose("too-big", "");
  }

  /** @param {{relays: string[], move: boolean}} message */
  #onRelays({ relays, move }) {
    this.#relays?.learn(relays, move);
    if (!move) this.#move = this.#move?.end() ?? null;
    if (!move || !this.#relays?.others.length || this.#move) return;
    this.#move = new Move(this.#surroundings, {
      relays: this.#relays,
      open: (to) => (this.#socket instanceof HttpSocket ? this.#httpSocket(to) : this.#webSocket(to)),
      onIn: (socket, relay, welcome) => this.#onMoved(socket, relay, welcome),
    });
    this.#move.begin(Math.max(0, this.#movedMs + MOVE_AGAIN_MS - this.#surroundings.nowMs()));
  }

  /**
   * @param {WebSocket | HttpSocket} socket
   * @param {string} relay
   * @param {string} welcome
   */
  #onMoved(socket, relay, welcome) {
    this.#parting.from(this.#socket);
    this.#drop();
    this.#at = relay;
    this.#movedMs = this.#surroundings.nowMs();
    this.#hold(socket);
    this.#onMessage(welcome);
  }

  /** @param {{resume: string, relays?: string[]}} welcome */
  #onWelcome({ resume, relays }) {
    this.#relays?.joined(this.#at, resume, relays ?? []);
    this.#joined = true;
    this.#tries = this.#blocked = 0;
    const isSlow = this.#socket instanceof HttpSocket;
    this.#openedMs = isSlow ? null : this.#surroundings.nowMs();
    this.onSlow(isSlow);
    this.onState("joined", "", "");
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #onClose(code, reason) {
    const wasJoined = this.#joined;
    if (wasJoined) this.#countShortLived(code);
    if (code === REPLACED && this.#move) {
      this.#awaitWelcome(reason);
      return;
    }
    this.#drop();
    if (code === GOING_AWAY) this.#relays?.leaveHome();
    if (FINAL_CLOSES.includes(code) || reason === ECHO_WANTED) {
      this.#refuse(reason || "ended", reason || String(code));
    } else if (wasJoined) {
      this.#lose(code === GOING_AWAY ? "draining" : "lost", "");
    } else {
      this.#blocked += 1;
      this.#ask(this.#at);
    }
  }

  /** @param {string} reason why the old socket is gone: a cluster lets it go once the new one is in */
  #awaitWelcome(reason) {
    const move = this.#move;
    this.#move = null;
    this.#drop();
    this.#move = move;
    move?.finish((mayBeIn) => {
      if (!mayBeIn) return this.#refuse(reason, reason);
      this.#drop();
      this.#lose("lost", ""); // to an attempt of ours, and the next one is newer
    });
  }

  /** @param {number} code of the close: a relay that closes the socket itself has been reached */
  #countShortLived(code) {
    if (this.#openedMs === null || !CUT_OFF.includes(code)) return;
    const lasted = this.#surroundings.nowMs() - this.#openedMs > SHORT_LIVED_MS;
    this.#shortLived = lasted ? 0 : Math.min(this.#shortLived + 1, MOST_SHORT_LIVED);
  }

  /** Would this relay let us in? While one question hangs, the next may be answered. @param {string} relay */
  async #ask(relay) {
    const relays = this.#relays;
    const token = relays?.newest;
    const { error, message } = await refusalOf(this.#surroundings, this.#nextUrl(relay));
    const isAsked = relays && this.#relays === relays && relays.newest === token;
    if (isAsked && !this.#socket) this.#onRefusal(relay, error, message);
  }

  /**
   * Only the relay that let us in last can refuse for good: why another one does may be its own fault.
   * @param {string} relay
   * @param {string} error
   * @param {string} message
   */
  #onRefusal(relay, error, message) {
    if (this.#at !== relay) this.#blocked = 0;
    this.#at = relay;
    if (error === ADMITTED) {
      this.#onAdmitted();
      return;
    }
    this.#blocked = 0; // what the relay says is why the socket did not open
    if (error === STALE || (relay !== this.#relays?.home && error !== "unreachable")) this.#lose("lost", "");
    else if (error === "unreachable" || PASSING_REFUSALS.includes(error)) this.#lose(error, message);
    else this.#refuse(error, message);
  }

  #onAdmitted() {
    if (this.#blocked === 0 && this.#shortLived < SHORT_LIVED) {
      this.#open();
      return;
    }
    if (this.#blocked < 2) {
      this.#openOverHttp();
      return;
    }
    this.#blocked = this.#shortLived = 0;
    const mayBeCertificate = this.#at.startsWith("https:") && !this.#wasAccepted;
    this.#lose(mayBeCertificate ? "blocked" : "cutOff", "");
  }

  /**
   * @param {string} reason
   * @param {string} message
   */
  #refuse(reason, message) {
    this.#end();
    this.onState("refused", reason, message);
  }

  /**
   * @param {string} reason
   * @param {string} message
   */
  #lose(reason, message) {
    this.onState("lost", reason, message);
    if (!this.#timer) this.#askLater();
  }

  #askLater() {
    this.#tries += 1;
    const wait = waitMs(this.#tries, this.#surroundings.random());
    this.#timer = this.#surroundings.later(() => {
      const relay = this.#nextRelay;
      this.#askLater();
      this.#ask(relay);
    }, wait);
  }

  #watch() {
    this.#timer = this.#surroundings.later(() => {
      const isLeftWaiting = !this.#joined && this.#surroundings.nowMs() - this.#heldMs > WELCOME_MS;
      if (this.#silentMs > SILENT_MS || isLeftWaiting) this.#giveUp();
      else this.#watch();
    }, LOOK_MS);
  }

  get #silentMs() {
    return this.#surroundings.nowMs() - this.#heardMs;
  }

  /** Without waiting for the browser's own word, which would come when its closing handshake times out. */
  #giveUp() {
    this.#socket?.close();
    this.#onClose(0, "");
  }

  #drop() {
    this.#surroundings.cancel(this.#timer);
    this.#timer = 0;
    this.#move = this.#move?.end() ?? null;
    this.#joined = false;
    if (this.#socket) this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket = null;
  }

  #end() {
    const socket = this.#socket;
    this.#drop();
    this.#parting.now();
    this.#relays = null;
    socket?.close(LEFT);
  }
}
