// The join page: over plain HTTP it leads to trust in this relay, watches until that works, and goes on into the room.
//
// A device that already trusts the relay never shows it.

import { element, fillFixedWords } from "../ui/dom.js";
import { platformOf } from "../ui/platform.js";
import { t } from "../ui/text.js";
import { probeTrust } from "./trust_probe.js";

const AGAIN_MS = 1_000;

/** @typedef {import("./trust_probe.js").Trust} Trust */

class JoinPage {
  #platform = platformOf(navigator.userAgent, navigator.maxTouchPoints);
  #room = `https://${location.host}/${location.hash}`;

  constructor() {
    fillFixedWords();
    element("go-on", HTMLAnchorElement).href = this.#room;
    element("download", HTMLAnchorElement).href = this.#platform === "ios" ? "ca.mobileconfig" : "ca.crt";
    element("intro", HTMLElement).textContent = t("trustLooking");
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
   * @param {string | null | undefined} fingerprint of the authority to install; null if there is no authority, undefined where
   *   the relay does not answer
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

async function authorityFingerprint() {
  try {
    const answer = await fetch("trust.json", { cache: "no-store" });
    return /** @type {string | null} */ ((await answer.json()).fingerprint);
  } catch {
    return undefined;
  }
}

new JoinPage().watch();
