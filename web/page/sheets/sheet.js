// A sheet from below on a phone; on a wide screen a drawer beside the people. Escape, the scrim, a swipe down
// and the browser's own way back close it. The focus goes to its title, and back to what opened it.

import { find } from "../../ui/dom.js";
import { WayBack } from "./way_back.js";

const WIDE = "(min-width: 62.5rem)";
/** A swipe of this length closes; a shorter one springs back. */
const SWIPE_PX = 80;

/** @type {Set<Sheet>} */
const sheets = new Set();

const wayBack = new WayBack({
  history,
  close: () => sheets.forEach((sheet) => sheet.goBack()),
  isOpen: () => [...sheets].some((sheet) => sheet.isOpen && sheet.closesByBack),
});
addEventListener("popstate", () => wayBack.onPop());

export class Sheet {
  node;
  #staysModal;
  /** @type {Element | null} */
  #opener = null;
  onOpen = () => {};
  onClose = () => {};

  /**
   * @param {HTMLDialogElement} node
   * @param {{staysModal?: boolean}} [options] a question stays in front of everything on a wide screen too
   */
  constructor(node, { staysModal = false } = {}) {
    this.node = node;
    this.#staysModal = staysModal;
    sheets.add(this);
    node.querySelector(".close")?.addEventListener("click", () => this.close());
    node.addEventListener("click", (event) => this.#onScrim(event));
    node.addEventListener("close", () => this.#onClosed());
    node.addEventListener(
      "keydown",
      (event) => event.key === "Escape" && !node.matches(":modal") && this.close(),
    );
    const header = node.querySelector("header");
    if (header) this.#listenToSwipe(header);
  }

  get isOpen() {
    return this.node.open;
  }

  get closesByBack() {
    return !this.#staysModal;
  }

  goBack() {
    if (this.closesByBack) this.close();
  }

  /** @param {Element | null} [opener] gets the focus back */
  open(opener = document.activeElement) {
    if (this.node.open) return;
    if (!this.#staysModal)
      for (const other of sheets) if (other !== this && !other.#staysModal) other.close();
    this.#opener = opener;
    this.onOpen();
    if (!this.#staysModal && matchMedia(WIDE).matches) this.node.show();
    else this.node.showModal();
    find(this.node, "h2", HTMLElement).focus({ preventScroll: true });
    if (opener instanceof HTMLElement) opener.setAttribute("aria-expanded", "true");
    if (this.closesByBack) wayBack.onOpen();
  }

  close() {
    if (this.node.open) this.node.close();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  static closeAll() {
    for (const sheet of sheets) sheet.close();
  }

  #onClosed() {
    const opener = this.#opener;
    this.#opener = null;
    this.node.style.transform = "";
    if (opener instanceof HTMLElement) {
      opener.setAttribute("aria-expanded", "false");
      if (opener.isConnected) opener.focus({ preventScroll: true });
    }
    wayBack.onClose();
    this.onClose();
  }

  /** @param {MouseEvent} event */
  #onScrim(event) {
    if (event.target !== this.node || this.#staysModal) return;
    const { left, right, top, bottom } = this.node.getBoundingClientRect();
    const inside =
      event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (!inside) this.close();
  }

  /** @param {HTMLElement} header */
  #listenToSwipe(header) {
    /** @type {number | null} */
    let fromY = null;
    header.addEventListener("pointerdown", (event) => {
      if (event.target instanceof Element && event.target.closest("button")) return;
      fromY = event.clientY;
      header.setPointerCapture(event.pointerId);
    });
    header.addEventListener("pointermove", (event) => {
      if (fromY !== null) this.node.style.transform = `translateY(${Math.max(0, event.clientY - fromY)}px)`;
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      header.addEventListener(end, (event) => {
        const moved = fromY === null ? 0 : event.clientY - fromY;
        fromY = null;
        this.node.style.transform = "";
        if (moved > SWIPE_PX && !this.#staysModal) this.close();
      });
    }
  }
}
