// The join page: over plain HTTP it leads to trust in this relay, watches until that works, and goes on into
// the room.
//
// A device that already trusts the relay never shows it.

import { element, fillFixedWords } from "../ui/dom.js";
import { platformOf } from "../ui/platform.js";
import "../ui/setup_text.js";
import { t } from "../ui/text.js";
import { probeTrust } from "./trust_probe.js";

/**
 * From one look whether the device trusts the relay by now to the next: people come back from the settings in
 * no less.
 */
const AGAIN_MS = 1_000;

/** @typedef {import("./trust_probe.js").Trust} Trust */

class JoinPage {
  #platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
  /** Of the relay over TLS: this port, or the one that this page is told of. */
  #host = location.host;

  constructor() {
    fillFixedWords();
    this.#lead();
    element("download", HTMLAnchorElement).href = this.#platform === "ios" ? "ca.mobileconfig" : "ca.crt";
    element("intro", HTMLElement).textContent = t("trustLooking");
  }

  async watch() {
    for (;;) {
      const facts = await relayFacts();
      this.#host = facts?.host ?? this.#host;
      this.#lead();
      const trust = await probeTrust(this.#host);
      if (trust === "all") break;
      this.#explain(trust, facts?.fingerprint);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    location.replace(this.#room);
  }

  get #room() {
    return `https://${this.#host}/${location.hash}`;
  }

  #lead() {
    element("go-on", HTMLAnchorElement).href = this.#room;
  }

  /**
   * @param {Trust} trust
   * @param {string | null | undefined} fingerprint of the authority to install; null if there is no
   *   authority, undefined where the relay does not answer
   */
  #explain(trust, fingerprint) {
    if (fingerprint === undefined) {
      element("intro", HTMLElement).textContent = t("trustUnreachable");
      return;
    }
    const mayProceed = this.#platform !== "ios" && trust === "nothing";
    element("intro", HTMLElement).textContent = t(this.#words(trust, fingerprint));
    element("waiting", HTMLElement).hidden = false;
    element("proceed", HTMLElement).hidden = !mayProceed;
    if (fingerprint === null) return;
    element("fingerprint", HTMLElement).textContent = fingerprint.replaceAll(":", " ");
    element(this.#platform, HTMLElement).hidden = false;
    const install = element("install", HTMLDetailsElement);
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

/**
 * @returns {Promise<{fingerprint: string | null, host: string}
 *   | undefined>} undefined where the relay does not answer
 */
async function relayFacts() {
  try {
    return await (await fetch("trust.json", { cache: "no-store" })).json();
  } catch {
    return undefined;
  }
}

new JoinPage().watch();
