// Checks of the way to the relay: whether a socket opens, and what its round trips take.
//
// The socket is of the room echo, which needs no invite and where nobody is disturbed.

import { ECHO_ROOM, socketUrl } from "../shared/room_link.js";
import { sleep } from "../shared/sleep.js";
import { quantile } from "../shared/sliding_window.js";
import "../ui/setup_text.js";
import { t, wordsFor } from "../ui/text.js";
import { Link } from "../worker/connection/link.js";
import { SURROUNDINGS } from "../worker/connection/surroundings.js";
import { fails, passes, unknown } from "./verdict.js";

/** Five seconds of round trips, and half a second for the last to come back. */
const PINGS = 50;
const EVERY_MS = 100;
const LAST_MS = 500;
/** A connection answers nearly all in time. */
const LEAST_PONGS = 45;
/**
 * On a local network that is slow: a third of what people notice of a delay. Beyond that by the next, it is
 * uneven.
 */
const SLOW_MS = 50;
const JITTER_MS = 60;
/** What to do where there is no socket; for all other reasons the relay has its own words. */
const CURES = /** @type {const} */ ({ blocked: "checkBlocked", unreachable: "checkUnreachable" });

/** @typedef {import("./verdict.js").Verdict} Verdict */

export class NetworkCheck {
  #link;
  #url;
  #open = false;
  #isSlow = false;

  /**
   * @param {string} page the address of this one
   * @param {Link} [link]
   */
  constructor(page, link = new Link(SURROUNDINGS)) {
    this.#link = link;
    this.#url = socketUrl(page, { room: ECHO_ROOM, key: "" }, "");
  }

  stop() {
    this.#link.leave();
  }

  /** @returns {Promise<Verdict>} */
  socket() {
    return new Promise((resolve) => {
      this.#link.onSlow = (slow) => (this.#isSlow = slow);
      this.#link.onState = (state, reason, message) => {
        this.#open = state === "joined";
        if (this.#open) resolve(passes(t(this.#isSlow ? "slowPath" : "checkSocketOpen")));
        else if (reason && reason !== "lost") resolve(fails(cureFor(reason, message)));
      };
      this.#link.join(this.#url);
    });
  }

  /** @returns {Promise<Verdict>} */
  async roundTrip() {
    if (!this.#open) return unknown(t("checkNeedsSocket"));
    const took = (await this.#roundTripsMs()).sort((one, other) => one - other);
    if (took.length < LEAST_PONGS) return fails(t("checkUnanswered"));
    const [half, most] = [quantile(took, 0.5), quantile(took, 0.95)];
    const values = { half: Math.ceil(half), jitter: Math.ceil(most - half) };
    if (half > SLOW_MS) return fails(t("checkSlow", values));
    return most - half > JITTER_MS ? fails(t("checkJitter", values)) : passes(t("checkRoundTrip", values));
  }

  async #roundTripsMs() {
    /** @type {number[]} */
    const took = [];
    this.#link.onControl = (message) =>
      message.type === "pong" && took.push(performance.now() - message.t0 / 1000);
    for (let sent = 0; sent < PINGS; sent += 1) {
      this.#link.send({ type: "ping", t0: Math.round(performance.now() * 1000) });
      await sleep(EVERY_MS);
    }
    await sleep(LAST_MS);
    return took;
  }
}

/**
 * @param {string} reason of the link or the relay
 * @param {string} message
 */
function cureFor(reason, message) {
  const key = Object.hasOwn(CURES, reason) ? CURES[/** @type {keyof typeof CURES} */ (reason)] : null;
  return key ? t(key) : wordsFor(reason, message);
}
