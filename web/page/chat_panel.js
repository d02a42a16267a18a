// What people in a room do besides talking: write, raise a hand; and what the host does: ask for silence, remove, lock, invite.

import { element } from "../ui/dom.js";
import { t } from "../ui/text.js";

/**
 * What it needs of the page.
 * @typedef {object} Means
 * @property {(order: import("../worker/worker.js").Order) => void} order
 * @property {import("./roster.js").Roster} roster
 * @property {(key: string) => string} linkWith the room's link with another invite
 * @property {() => void} onChange whether our hand is raised is otherwise now
 * @property {(words: string) => void} tell
 * @property {() => void} busy sounds like a telephone that is engaged
 * @property {() => boolean} isTalking whether we want to be heard now
 */

export class Together {
  #means;
  #said = element("said", HTMLDivElement);
  #chat = element("chat-form", HTMLFormElement);
  #words = element("words", HTMLInputElement);
  #hand = element("hand", HTMLButtonElement);
  #hosting = element("hosting", HTMLDetailsElement);
  #lock = element("lock", HTMLInputElement);
  #invite = element("new-invite", HTMLButtonElement);
  #link = element("invite-link", HTMLInputElement);
  #template = element("saying", HTMLTemplateElement);
  #oneAtATime = element("one-at-a-time", HTMLInputElement);
  handRaised = false;

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    this.#words.placeholder = t("writeHere");
    this.#words.setAttribute("aria-label", t("writeHere"));
    this.#said.setAttribute("aria-label", t("chat"));
    this.#link.setAttribute("aria-label", t("inviteLink"));
    this.#showHand();
    this.#chat.addEventListener("submit", (event) => this.#write(event));
    this.#hand.addEventListener("click", () => this.#raise(!this.handRaised));
    this.#lock.addEventListener("change", () => this.#say({ type: "lock", locked: this.#lock.checked }));
    this.#oneAtATime.addEventListener("change", () => this.#say({ type: "one_at_a_time", on: this.#oneAtATime.checked }));
    this.#invite.addEventListener("click", () => this.#say({ type: "invite", hours: 0, uses: 0 }));
    this.#link.addEventListener("focus", () => this.#link.select());
  }

  /**
   * Whom the host has pressed for in the roster.
   * @param {"mute" | "remove"} type
   * @param {number} talkerId
   */
  act(type, talkerId) {
    this.#say({ type, talker_id: talkerId });
  }

  /** @param {import("../shared/control.js").Message} message */
  onControl(message) {
    switch (message.type) {
      case "welcome":
        this.#onWelcome(message);
        break;
      case "chat":
        this.#append(this.#means.roster.nameOf(message.talker_id), message.text);
        break;
      case "lock":
        this.#lock.checked = message.locked;
        this.#means.tell(t(message.locked ? "roomLocked" : "roomUnlocked"));
        break;
      case "invite":
        this.#link.value = this.#means.linkWith(message.key);
        this.#link.hidden = false;
        this.#link.focus();
        break;
      case "floor":
        this.#onFloor(message);
        break;
      case "error":
        this.#means.tell(message.message);
        break;
    }
  }

  /** Back at the start: what was said here is nobody else's. */
  clear() {
    this.handRaised = false;
    this.#said.replaceChildren();
    this.#link.hidden = true;
    this.#link.value = "";
  }

  /** @param {import("../shared/control.js").Message} welcome */
  #onWelcome({ host, locked, history }) {
    this.#hosting.hidden = !host;
    this.#lock.checked = locked;
    this.#said.replaceChildren();
    for (const { name, text } of history) this.#append(name, text);
    this.#showHand();
  }

  /** @param {import("../shared/control.js").Message} floor */
  #onFloor({ talker_id, on }) {
    const { roster, tell, busy, isTalking } = this.#means;
    this.#oneAtATime.checked = on;
    if (!on) return tell(t("floorOff"));
    if (talker_id === 0) return tell(t("floorFree"));
    const isOurs = talker_id === roster.talkerId;
    if (!isOurs && isTalking()) busy();
    return tell(isOurs ? t("floorYours") : t("floorTaken", { name: roster.nameOf(talker_id) }));
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #append(name, text) {
    const saying = /** @type {DocumentFragment} */ (this.#template.content.cloneNode(true));
    const [who, what] = saying.querySelectorAll("b, span");
    who.textContent = name;
    what.textContent = text;
    this.#said.append(saying);
    this.#said.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  /** @param {SubmitEvent} event */
  #write(event) {
    event.preventDefault();
    const text = this.#words.value.trim();
    if (!text) return;
    this.#say({ type: "chat", text });
    this.#words.value = "";
  }

  /** @param {boolean} raised */
  #raise(raised) {
    this.handRaised = raised;
    this.#means.order({ type: "state", change: { hand: raised } });
    this.#showHand();
    this.#means.onChange();
  }

  #showHand() {
    this.#hand.setAttribute("aria-pressed", String(this.handRaised));
    const words = t(this.handRaised ? "lowerHand" : "raiseHand");
    this.#hand.setAttribute("aria-label", words);
    this.#hand.title = words;
  }

  /** @param {import("../shared/control.js").Message} message */
  #say(message) {
    this.#means.order({ type: "say", message });
  }
}
