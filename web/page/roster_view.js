// The people in the room as the screen shows them, and how loud each is here, remembered by name.

import { load, save } from "../ui/storage.js";
import { t } from "../ui/text.js";
import { Volumes } from "./volumes.js";

/**
 * What it needs of the page.
 * @typedef {object} Means
 * @property {Pick<import("./view.js").View, "showRoster" | "onVolume">} screen
 * @property {import("./roster.js").Roster} roster
 * @property {(order: import("../worker/worker.js").Order) => void} order
 */
/** @typedef {{muted: boolean, hand: boolean, hasMicrophone: boolean}} Own */

export class RosterView {
  #means;
  #volumes = Volumes.parse(load("volumes"));
  /** @type {Own} */
  #own = { muted: false, hand: false, hasMicrophone: false };

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    means.screen.onVolume = (name, volume) => this.#setVolume(name, volume);
  }

  /** @param {Own} own what the others see of us */
  show(own) {
    this.#own = own;
    const { roster, screen } = this.#means;
    const { muted, hand, hasMicrophone } = own;
    const us = { talkerId: roster.talkerId, name: roster.name, muted, hand, away: false };
    const others = roster.others.map((member) => ({ ...member, volume: this.#volumes.of(member.name), note: noteOf(member) }));
    screen.showRoster([{ ...us, volume: null, note: noteOf(us, hasMicrophone) }, ...others], roster.host);
  }

  tellVolumes() {
    for (const { talkerId, name } of this.#means.roster.others) {
      this.#means.order({ type: "gain", talkerId, gain: this.#volumes.gainOf(name) });
    }
  }

  /**
   * @param {string} name
   * @param {import("./volumes.js").Volume} volume
   */
  #setVolume(name, volume) {
    this.#volumes.set(name, volume);
    save("volumes", this.#volumes.serialize());
    this.tellVolumes();
    this.show(this.#own);
  }
}

/**
 * @param {Pick<import("./roster.js").Member, "muted" | "away" | "hand">} member
 * @param {boolean} [hasMicrophone]
 */
function noteOf({ muted, away, hand }, hasMicrophone = true) {
  const silent = muted ? t(hasMicrophone ? "muted" : "listening") : "";
  return [hand ? t("handRaised") : "", away ? t("away") : "", silent].filter(Boolean).join(" · ");
}
