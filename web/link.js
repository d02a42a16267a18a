// The connection to the relay, kept up: opens it, tells what comes, and after a loss opens it again.
//
//   connecting → joined → lost → joined … until `leave` (→ left) or the relay says no for good (→ refused)
//
// A refusal of the handshake is invisible to a WebSocket, so the same address is then asked by `fetch`, which can read
// the relay's reason. A connection on which nothing came for SILENT_MS, pongs included, is dead, whatever the browser
// believes; so is one that doesn't open in that time.

import { FROM_RELAY, parseControl } from "./control.js";

export const SUBPROTOCOL = "streamer.v1";
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 1_000;
const SILENT_MS = 3_000;
const LEFT = 1000;
const GOING_AWAY = 1001;
/** Codes after which coming back would only do the same again (PROTOCOL.md, Close codes). */
const FINAL_CLOSES = [4400, 4401, 4409, 4429];
/** Refusals that pass by themselves. */
const PASSING_REFUSALS = ["draining", "too-many"];
/** What a plain GET gets where a WebSocket would have been let in. */
const ADMITTED = "bad-handshake";

/** @typedef {"connecting" | "joined" | "lost" | "left" | "refused"} LinkState */

/**
 * @typedef {object} Surroundings what the link needs of the world; a test gives its own
 * @property {(url: string, protocol: string) => WebSocket} open
 * @property {(url: string) => Promise<{json(): Promise<any>}>} fetch
 * @property {(call: () => void, ms: number) => number} later
 * @property {(timer: number) => void} cancel
 * @property {() => number} random
 */

/**
 * How long to wait before the next try, half of it by chance: not all members come back in the same instant.
 * @param {number} tries that failed since the last connection
 * @param {number} random 0 to 1
 */
export function waitMs(tries, random) {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1)) * (0.5 + random / 2);
}

export class Link {
  #surroundings;
  /** @type {WebSocket | null} */
  #socket = null;
  #url = "";
  #tries = 0;
  #timer = 0;
  #joined = false;
  #heard = false;
  /** @type {(state: LinkState, reason: string, message: string) => void} */
  onState = () => {};
  /** @type {(message: import("./control.js").Message) => void} */
  onControl = () => {};
  /** @type {(data: ArrayBuffer) => void} */
  onPacket = () => {};

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
  }

  /** @param {string} url of the room's socket */
  join(url) {
    this.#end();
    this.#url = url;
    this.#tries = 0;
    this.onState("connecting", "", "");
    this.#open();
  }

  leave() {
    this.send({ type: "leave" });
    this.#end();
    this.onState("left", "", "");
  }

  /** The network may be back: don't wait any longer. */
  hurry() {
    if (!this.#url || this.#socket || !this.#timer) return;
    this.#surroundings.cancel(this.#timer);
    this.#open();
  }

  /** @param {import("./control.js").Message} message */
  send(message) {
    if (this.#joined) this.#socket?.send(JSON.stringify(message));
  }

  /** @param {Uint8Array<ArrayBuffer>} packet */
  sendPacket(packet) {
    if (this.#joined) this.#socket?.send(packet);
  }

  #open() {
    const socket = this.#surroundings.open(this.#url, SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#onMessage(data);
    socket.onclose = ({ code, reason }) => this.#onClose(code, reason);
    this.#socket = socket;
    this.#watch();
  }

  /** @param {string | ArrayBuffer} data */
  #onMessage(data) {
    this.#heard = true;
    if (typeof data !== "string") {
      this.onPacket(data);
      return;
    }
    const message = readControl(data);
    if (message === null) return;
    if (message.type === "welcome") this.#onWelcome(message);
    this.onControl(message);
  }

  /** @param {import("./control.js").Message} welcome */
  #onWelcome({ resume }) {
    this.#url = resumingUrl(this.#url, resume);
    this.#joined = true;
    this.#tries = 0;
    this.onState("joined", "", "");
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  async #onClose(code, reason) {
    const url = this.#url;
    const wasJoined = this.#joined;
    this.#drop();
    if (FINAL_CLOSES.includes(code)) {
      this.#refuse("ended", reason || String(code));
    } else if (wasJoined) {
      this.#again(code === GOING_AWAY ? "draining" : "lost", "");
    } else {
      const { error, message } = await this.#refusal();
      if (this.#url === url && !this.#socket) this.#onRefusal(error, message);
    }
  }

  /** Why the socket did not open: the relay's own words, where it can be reached. */
  async #refusal() {
    try {
      const answer = await this.#surroundings.fetch(this.#url.replace(/^ws/, "http"));
      return await answer.json();
    } catch {
      return { error: "unreachable", message: "" };
    }
  }

  /**
   * @param {string} error
   * @param {string} message
   */
  #onRefusal(error, message) {
    if (error === "unreachable") this.#again("unreachable", "");
    else if (error === ADMITTED) this.#again(this.#tries > 0 ? "blocked" : "lost", "");
    else if (PASSING_REFUSALS.includes(error)) this.#again(error, message);
    else this.#refuse(error, message);
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
  #again(reason, message) {
    this.#tries += 1;
    this.onState("lost", reason, message);
    const wait = waitMs(this.#tries, this.#surroundings.random());
    this.#timer = this.#surroundings.later(() => this.#open(), wait);
  }

  /** Gives the connection up once nothing was heard from one look to the next. */
  #watch() {
    this.#heard = false;
    this.#timer = this.#surroundings.later(() => {
      if (this.#heard) {
        this.#watch();
        return;
      }
      this.#socket?.close();
      this.#onClose(0, ""); // the browser's own word would come when its closing handshake times out
    }, SILENT_MS);
  }

  #drop() {
    this.#surroundings.cancel(this.#timer);
    this.#timer = 0;
    this.#joined = false;
    if (this.#socket) this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket = null;
  }

  #end() {
    const socket = this.#socket;
    this.#drop();
    this.#url = "";
    socket?.close(LEFT);
  }
}

/**
 * The same room's socket, as the same member.
 * @param {string} url
 * @param {string} token of the welcome
 */
function resumingUrl(url, token) {
  const resuming = new URL(url);
  resuming.searchParams.set("resume", token);
  return resuming.href;
}

/** @param {string} text */
function readControl(text) {
  try {
    return parseControl(text, FROM_RELAY);
  } catch {
    return null; // of a newer relay: what it means is not for us
  }
}
