// Inviting from inside a room: the code, a link to share or to copy; on a sheet, and as the page of somebody
// who is alone.

import { element, fillIn, find, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { Sheet } from "../sheets/sheet.js";
import { InviteLimits, timeOf } from "./invite_limits.js";
import { qrCode } from "./qr_code.js";

/** @typedef {import("./invitation.js").Role} Role */

export class InviteSheet {
  #invitation;
  limits;
  #sheet = new Sheet(element("invite", HTMLDialogElement));
  #empty = element("empty", HTMLElement);
  #link = element("invite-link", HTMLInputElement);
  /** @type {(words: string) => void} */
  onCopied = () => {};

  /** @param {import("./invitation.js").Invitation} invitation */
  constructor(invitation) {
    this.#invitation = invitation;
    this.limits = new InviteLimits(invitation);
    invitation.onChange = () => this.#render();
    this.#sheet.onOpen = () => this.#render();
    element("invite-role", HTMLElement).addEventListener("change", () => this.#render());
    element("open-invite", HTMLButtonElement).addEventListener("click", () => this.#sheet.toggle());
    this.#listen("share", "copy", () => this.#role);
    this.#listen("empty-share", "empty-copy", () => (invitation.has("talk") ? "talk" : "listen"));
    this.#link.setAttribute("aria-label", t("inviteLink"));
    this.#link.addEventListener("focus", () => this.#link.select());
  }

  open() {
    if (!this.#invitation.isEmpty) this.#sheet.open();
  }

  /** @returns {Role} */
  get #role() {
    const chosen = this.#sheet.node.querySelector("input[name=role]:checked");
    const role = chosen instanceof HTMLInputElement && chosen.value === "listen" ? "listen" : "talk";
    return this.#invitation.has(role) ? role : this.#invitation.has("talk") ? "talk" : "listen";
  }

  /**
   * @param {string} shareId
   * @param {string} copyId
   * @param {() => Role} role
   */
  #listen(shareId, copyId, role) {
    const share = element(shareId, HTMLButtonElement);
    share.hidden = !navigator.share;
    share.addEventListener("click", () => this.#share(role()));
    element(copyId, HTMLButtonElement).addEventListener("click", () => this.#copy(role()));
  }

  /** @param {Role} role */
  async #share(role) {
    const { room } = this.#invitation;
    const text = t(role === "listen" ? "shareToListen" : "shareToTalk", { room });
    await navigator
      .share({ title: t("titleInRoom", { room }), text, url: this.#invitation.link(role) })
      .catch(() => {}); // the person changed their mind
  }

  /** @param {Role} role */
  async #copy(role) {
    const link = this.#invitation.link(role);
    try {
      await navigator.clipboard.writeText(link);
    } catch {
      this.#sheet.open(); // the browser forbids it: the link is there to be selected
      this.#link.focus();
      return;
    }
    this.onCopied(t("copied"));
  }

  #render() {
    const { room, isEmpty } = this.#invitation;
    element("open-invite", HTMLElement).hidden = isEmpty;
    if (isEmpty) return;
    setText(element("invite-title", HTMLElement), t("inviteTo", { room }));
    element("invite-role", HTMLElement).hidden = !(
      this.#invitation.has("talk") && this.#invitation.has("listen")
    );
    this.#link.value = this.#invitation.link(this.#role);
    this.limits.show(this.#role);
    this.#drawCode(this.#sheet.node, this.#role);
    const role = this.#invitation.has("talk") ? "talk" : "listen";
    this.#drawCode(this.#empty, role);
    const ends = this.#invitation.endsAt(role);
    find(this.#empty, ".ends-at", HTMLElement).hidden = ends === 0;
    fillIn(this.#empty, ".ends-at span", ends === 0 ? "" : t("letsInUntil", { time: timeOf(ends) }));
  }

  /**
   * @param {HTMLElement} place
   * @param {Role} role
   */
  #drawCode(place, role) {
    const link = this.#invitation.link(role);
    const code = find(place, ".code", HTMLElement);
    if (code.dataset.link !== link) code.replaceChildren(qrCode(link, t("codeLabel")));
    code.dataset.link = link;
  }
}
