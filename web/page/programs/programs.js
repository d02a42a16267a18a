// What programs and devices say in a room, and what is told of them. Twin in spirit of
// streamer/client/programs.py.

import { unreachable } from "../../shared/unreachable.js";
import { Notices } from "../words/notices.js";
import { DeviceCommands } from "./device_commands.js";
import { Telemetry } from "./telemetry.js";

/** @import { FromClient, FromRelay } from "../../shared/control.js" */
/**
 * @typedef {Extract<FromRelay, {type: "notice" | "reply" | "telemetry" | "command" | "result"}>} OfPrograms
 */

export class Programs {
  #notices;
  #telemetry;
  #commands;
  #send;

  /**
   * @param {import("../words/notices.js").Parts} parts
   * @param {(message: FromClient) => void} send
   * @param {() => number} shownTalker whose sheet is open; 0 where none is
   */
  constructor(parts, send, shownTalker) {
    this.#notices = new Notices(parts, send);
    this.#commands = new DeviceCommands(send, parts.toasts);
    this.#telemetry = new Telemetry(shownTalker, (talkerId, reports) =>
      this.#commands.show(talkerId, reports),
    );
    this.#send = send;
  }

  /** @param {string[]} rights what we may do beyond talking */
  set rights(rights) {
    this.#notices.available = rights.includes("notify");
    this.#commands.available = rights.includes("command");
  }

  /** @param {Extract<FromRelay, {type: "hint" | "error"}>} remark on any message of ours */
  onRemark(remark) {
    if (!this.#commands.onRemark(remark)) this.#notices.onRemark(remark);
  }

  /**
   * @param {OfPrograms} message
   * @param {number} talkerId our own
   */
  on(message, talkerId) {
    switch (message.type) {
      case "telemetry":
        return this.#telemetry.take(message);
      case "notice":
      case "reply":
        return this.#notices.on(message, talkerId);
      // devices obey commands; the sender should not have to wait for its deadline
      case "command":
        return this.#send({
          type: "result",
          id: message.id,
          outcome: "unknown",
          message: "A page takes no commands",
        });
      case "result":
        return this.#commands.take(message);
    }
    return unreachable(message);
  }

  /** What the one reports whose sheet was opened. */
  show() {
    this.#telemetry.show();
  }

  /** @param {number} talkerId who has gone */
  forget(talkerId) {
    this.#telemetry.forget(talkerId);
  }

  clear() {
    this.#telemetry.clear();
    this.#commands.clear();
  }
}
