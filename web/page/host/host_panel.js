// What a host decides: who comes in, who talks, and who was removed. Everybody else never sees this sheet.

import { create, element, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { plainFace } from "../people/face.js";
import { handsOf } from "../people/people_view.js";
import { Sheet } from "../sheets/sheet.js";
import { Reminder } from "./reminder.js";

/** @typedef {import("../people/roster.js").Person} Person */
/** @typedef {{id: number, name: string}} Waiting somebody who knocks, or who was removed */

/**
 * What the host wants, as messages of the protocol.
 * @typedef {(message: import("../../shared/control.js").FromClient) => void} Send
 */

/** In place of a talker_id (PROTOCOL.md, `mute`). */
const EVERYBODY = 0;

export class HostPanel {
  #sheet = new Sheet(element("host", HTMLDialogElement));
  #opener = element("open-host", HTMLButtonElement);
  #lock = element("lock", HTMLInputElement);
  #oneAtATime = element("one-at-a-time", HTMLInputElement);
  #onlyHosts = element("only-hosts", HTMLInputElement);
  #record = element("record", HTMLInputElement);
  #keepCaptions = element("keep-captions", HTMLInputElement);
  #send;
  #hands = 0;
  /** @type {Map<number, string>} names by id */
  #knocking = new Map();
  #reminder = new Reminder(() => this.onKnockAgain());
  /** Somebody still waits at the door. */
  onKnockAgain = () => {};
  /** Asks whether the invitation is really to be replaced. */
  confirmNewInvite = async () => true;

  /** @param {Send} send */
  constructor(send) {
    this.#send = send;
    this.#opener.addEventListener("click", () => this.#sheet.toggle());
    this.#lock.addEventListener("change", () => send({ type: "lock", locked: this.#lock.checked }));
    this.#oneAtATime.addEventListener("change", () =>
      send({ type: "one_at_a_time", on: this.#oneAtATime.checked }),
    );
    this.#onlyHosts.addEventListener("change", () =>
      send({ type: "only_hosts", on: this.#onlyHosts.checked }),
    );
    this.#keepCaptions.addEventListener("change", () =>
      send({ type: "keep_captions", on: this.#keepCaptions.checked }),
    );
    this.#record.addEventListener("change", () => send({ type: "record", on: this.#record.checked }));
    element("mute-all", HTMLButtonElement).addEventListener("click", () =>
      send({ type: "mute", talker_id: EVERYBODY }),
    );
    element("new-invite", HTMLButtonElement).addEventListener("click", async () => {
      if (await this.renewInvite(0, 0)) this.#sheet.close();
    });
  }

  /**
   * @param {number} hours 0 is no end
   * @param {number} uses 0 is no limit
   * @returns {Promise<boolean>} false where the host has thought better of it
   */
  async renewInvite(hours, uses) {
    const sure = await this.confirmNewInvite();
    if (sure) this.#send({ type: "invite", hours, uses });
    return sure;
  }

  /** @param {boolean} isHost */
  set available(isHost) {
    this.#opener.hidden = !isHost;
    if (!isHost) this.clear();
  }

  /** @param {boolean} locked */
  set locked(locked) {
    this.#lock.checked = locked;
  }

  /** @param {boolean} on */
  set oneAtATime(on) {
    this.#oneAtATime.checked = on;
  }

  /** @param {boolean} on */
  set onlyHosts(on) {
    this.#onlyHosts.checked = on;
  }

  /** @param {boolean} on */
  set keepCaptions(on) {
    this.#keepCaptions.checked = on;
  }

  /** @param {boolean} on */
  set recording(on) {
    this.#record.checked = on;
  }

  /**
   * @param {Waiting[]} knocks everybody who waits now
   * @returns {Waiting[]} those who are new
   */
  update(knocks) {
    const fresh = knocks.filter(({ id }) => !this.#knocking.has(id));
    this.#knocking = new Map(knocks.map(({ id, name }) => [id, name]));
    this.#renderKnocks();
    return fresh;
  }

  /**
   * @param {number} id
   * @param {boolean} admit
   */
  answer(id, admit) {
    this.#send({ type: "answer", id, admit });
    this.#knocking.delete(id);
    this.#renderKnocks();
  }

  /** @param {Waiting[]} barred who was removed and may not come back */
  showBarred(barred) {
    element("barred", HTMLElement).hidden = barred.length === 0;
    const rows = barred.map(({ id, name }) =>
      rowOf(name, "", t("letInAgain"), () => this.#send({ type: "unbar", id })),
    );
    element("barred", HTMLElement).querySelector("ul")?.replaceChildren(...rows);
  }

  /** @param {Person[]} people */
  showHands(people) {
    const hands = handsOf(people).filter(({ own }) => !own);
    element("hands", HTMLElement).hidden = hands.length === 0;
    const rows = hands.map(({ talkerId, name }) =>
      rowOf(name, "", t("yourTurn"), () => this.#send({ type: "turn", talker_id: talkerId })),
    );
    element("hands", HTMLElement).querySelector("ol")?.replaceChildren(...rows);
    this.#renderCount(hands.length);
  }

  clear() {
    this.#knocking.clear();
    this.#renderKnocks();
    this.showBarred([]);
    this.#sheet.close();
  }

  #renderKnocks() {
    const cards = [...this.#knocking].map(([id, name]) => {
      const words = create("p", "", t("wouldLikeIn", { name }));
      const no = button("button plain", t("notNow"), () => this.answer(id, false));
      const yes = button("button primary", t("letIn"), () => this.answer(id, true));
      return create("li", "knock", plainFace(name), words, create("div", "acts", no, yes));
    });
    element("knocks", HTMLElement).replaceChildren(...cards);
    this.#renderCount(this.#hands);
  }

  /** @param {number} hands */
  #renderCount(hands) {
    this.#hands = hands;
    const count = this.#knocking.size + hands;
    this.#opener.toggleAttribute("data-knock", this.#knocking.size > 0);
    this.#reminder.isOn = this.#knocking.size > 0;
    const badge = /** @type {HTMLElement} */ (this.#opener.querySelector(".count"));
    badge.hidden = count === 0;
    setText(badge, String(count));
  }
}

/**
 * @param {string} name
 * @param {string} hint
 * @param {string} words
 * @param {() => void} act
 */
function rowOf(name, hint, words, act) {
  const text = create("span", "words", create("b", "", name), ...(hint ? [create("small", "", hint)] : []));
  const press = button("button soft short", words, act);
  press.setAttribute("aria-label", `${words}: ${name}`);
  return create("li", "row hand-row", plainFace(name), text, press);
}

/**
 * @param {string} className
 * @param {string} words
 * @param {() => void} act
 */
function button(className, words, act) {
  const node = create("button", className, words);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}
