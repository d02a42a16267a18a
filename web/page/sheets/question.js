// A question in front of everything else, until it is answered.

import { create, element, setText } from "../../ui/dom.js";
import { Sheet } from "./sheet.js";

/** A question in front of everything; resolves to whether it was answered with yes. */
export class Question {
  #sheet = new Sheet(element("ask", HTMLDialogElement), { staysModal: true });
  /** @type {(yes: boolean) => void} */
  #answer = () => {};

  constructor() {
    element("ask-yes", HTMLButtonElement).addEventListener("click", () => this.#close(true));
    element("ask-no", HTMLButtonElement).addEventListener("click", () => this.#close(false));
    this.#sheet.onClose = () => this.#answer(false);
  }

  /**
   * @param {string} title
   * @param {string} words
   * @param {string} yes what the button says
   * @returns {Promise<boolean>}
   */
  ask(title, words, yes) {
    setText(element("ask-title", HTMLElement), title);
    setText(element("ask-words", HTMLElement), words);
    element("ask-yes", HTMLButtonElement).replaceChildren(create("span", "", yes));
    this.#sheet.open();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** @param {boolean} yes */
  #close(yes) {
    this.#answer(yes);
    this.#answer = () => {};
    this.#sheet.close();
  }
}
