// Keys of a room. None of them acts while somebody types. The space bar belongs to the talk disc
// (talk_keys.js).

import { create, element } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { Sheet } from "../sheets/sheet.js";

/**
 * @typedef {{mute: () => void, hand: () => void, chat: () => void, invite: () => void,
 *   replay: () => void}} Actions
 */

const TYPES_IN =
  "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const LIST = /** @type {const} */ ([
  ["M", "keyMute"],
  ["␣", "keyTalk"],
  ["H", "keyHand"],
  ["C", "keyChat"],
  ["I", "keyInvite"],
  ["R", "keyReplay"],
  ["?", "keyList"],
]);

export class Keys {
  #sheet = new Sheet(element("keys-sheet", HTMLDialogElement));
  /** Only in a room. */
  active = false;

  /** @param {Actions} actions */
  constructor(actions) {
    const rows = LIST.flatMap(([key, words]) => [
      create("dt", "", create("kbd", "", key)),
      create("dd", "", t(words)),
    ]);
    element("keys-list", HTMLElement).replaceChildren(...rows);
    element("open-keys", HTMLButtonElement).addEventListener("click", () => this.#sheet.open());
    addEventListener("keydown", (event) => this.#onKey(event, actions));
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Actions} actions
   */
  #onKey(event, actions) {
    if (!this.active || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing)
      return;
    if (event.target instanceof Element && event.target.closest(TYPES_IN)) return;
    const { mute: m, hand: h, chat: c, invite: i, replay: r } = actions;
    const act = { m, h, c, i, r, "?": () => this.#sheet.toggle() }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
