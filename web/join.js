// The join page: over plain HTTP it leads to trust in this relay, watches until that works, and goes on into the room.
//
// Whoever trusts the relay already sees nothing of it.

import { platformOf } from "./platform.js";
import { isKey, say } from "./text.js";
import { probeTrust } from "./trust.js";

const AGAIN_MS = 1_000;

/** @typedef {import("./trust.js").Trust} Trust */

class JoinPage {
  #platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
  #room = `https://${location.host}/${location.hash}`;

  constructor() {
    for (const node of document.querySelectorAll("[data-text]")) {
      const key = node.getAttribute("data-text") ?? "";
      if (isKey(key)) node.textContent = say(/** @type {import("./text.js").Key} */ (key));
    }
    link("go-on").href = this.#room;
    link("download").href = this.#platform === "ios" ? "ca.mobileconfig" : "ca.pem";
    element("intro").textContent = say("trustLooking");
  }

  async watch() {
    for (;;) {
      const trust = await probeTrust(location.host);
      if (trust === "all") break;
      this.#explain(trust, await authorityFingerprint());
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    location.replace(this.#room);
  }

  /**
   * @param {Trust} trust
   * @param {string | null | undefined} fingerprint of the authority to install; null where there is none, undefined where
   *   the relay does not answer
   */
  #explain(trust, fingerprint) {
    if (fingerprint === undefined) {
      element("intro").textContent = say("trustUnreachable");
      return;
    }
    const mayProceed = this.#platform !== "ios" && trust === "nothing";
    element("intro").textContent = say(this.#words(trust, fingerprint));
    element("waiting").hidden = false;
    element("proceed").hidden = !mayProceed;
    if (fingerprint === null) return;
    element("fingerprint").textContent = fingerprint.replaceAll(":", " ");
    element(this.#platform).hidden = false;
    const install = /** @type {HTMLDetailsElement} */ (element("install"));
    if (install.hidden) install.open = !mayProceed;
    install.hidden = false;
  }

  /**
   * @param {Trust} trust
   * @param {string | null} fingerprint
   */
  #words(trust, fingerprint) {
    if (fingerprint === null) return "trustOwnCertificate";
    if (trust === "page") return "trustPageOnly";
    return this.#platform === "ios" ? "trustIos" : "trustBrowser";
  }
}

async function authorityFingerprint() {
  try {
    const answer = await fetch("trust.json", { cache: "no-store" });
    return /** @type {string | null} */ ((await answer.json()).fingerprint);
  } catch {
    return undefined;
  }
}

/** @param {string} id */
function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/** @param {string} id */
function link(id) {
  return /** @type {HTMLAnchorElement} */ (element(id));
}

new JoinPage().watch();
