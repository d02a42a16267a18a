// The connection is gone. For three seconds nothing but three dots in place of delays: most losses are over
// by then. After that a sheet says what is known, and goes by itself when the connection is back.

import { element, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { Sheet } from "./sheet.js";

/** Most losses are over sooner: until then, the header says it, and nothing covers the room. */
const QUIET_MS = 3_000;
const SECOND_MS = 1_000;

export class LostSheet {
  #sheet = new Sheet(element("lost-sheet", HTMLDialogElement), { staysModal: true });
  #words = element("lost-words", HTMLElement);
  #how = element("lost-how", HTMLAnchorElement);
  #since = 0;
  #timer = 0;
  #reason = "";
  /** The sheet is shown: the loss lasts. */
  onLasting = () => {};
  onTryNow = () => {};
  onLeave = () => {};

  constructor() {
    element("try-now", HTMLButtonElement).addEventListener("click", () => this.onTryNow());
    element("lost-leave", HTMLButtonElement).addEventListener("click", () => this.onLeave());
    this.#sheet.node.addEventListener("cancel", (event) => event.preventDefault());
  }

  /**
   * @param {string} reason in words; empty where only the loss itself is known
   * @param {string} howLink where a device that does not trust the relay learns how; empty where that is not
   *   the reason
   */
  show(reason, howLink) {
    this.#reason = reason;
    this.#how.hidden = howLink === "";
    if (howLink) this.#how.href = howLink;
    if (this.#timer) return this.#render();
    this.#since = performance.now();
    this.#timer = setInterval(() => this.#tick(), SECOND_MS);
    return undefined;
  }

  /** @returns {boolean} whether the loss had lasted long enough to be shown */
  close() {
    const wasShown = this.#sheet.isOpen;
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#sheet.close();
    return wasShown;
  }

  #tick() {
    const lostMs = performance.now() - this.#since;
    if (lostMs < QUIET_MS) return;
    if (!this.#sheet.isOpen) {
      Sheet.closeAll();
      this.#sheet.open();
      this.onLasting();
    }
    this.#render();
  }

  #render() {
    const seconds = Math.round((performance.now() - this.#since) / SECOND_MS);
    setText(this.#words, this.#reason || t("lostFor", { seconds }));
  }
}
