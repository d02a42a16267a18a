// What a person or a program tells the room: a toast, a line in the chat's history with buttons to answer by,
// a notification while the page is hidden, and a voice where it is wanted. And what became of a notice of
// ours, and what others answered to it.

import { create } from "../../ui/dom.js";
import { t, wordsFor } from "../../ui/text.js";

/** @typedef {Extract<import("../../shared/control.js").FromRelay, {type: "notice"}>} Notice */
/** @typedef {Extract<import("../../shared/control.js").FromRelay, {type: "reply"}>} Reply */

/** As many as the relay knows. */
const KEPT = 100;
const ALARM_LASTS_MS = 30_000;
const MOST_ACTIONS = 4;

/**
 * @typedef {object} Parts
 * @property {import("./chat_panel.js").ChatPanel} chat
 * @property {import("./toasts.js").Toasts} toasts
 * @property {import("../sound/cues.js").Cues} cues
 * @property {import("./attention.js").Attention} attention
 * @property {import("./speech.js").Speech} speech
 * @property {import("./notify_sheet.js").NotifySheet} notify
 */

export class Notices {
  #parts;
  #send;
  /** What can be answered, by id, oldest first. @type {Map<number, string[]>} */
  #actions = new Map();

  /**
   * @param {Parts} parts
   * @param {(message: import("../../shared/control.js").FromClient) => void} send
   */
  constructor(parts, send) {
    this.#parts = parts;
    this.#send = send;
    parts.notify.onSend = send;
  }

  /** @param {boolean} isAllowed whether we may send notices */
  set available(isAllowed) {
    this.#parts.notify.available = isAllowed;
  }

  /**
   * @param {Extract<import("../../shared/control.js").FromRelay, {type: "hint" | "error"}>} remark on any
   *   message of ours
   */
  onRemark(remark) {
    const words = wordsFor(remark.code, remark.message);
    const isOfNotice = remark.type === "error" && remark.of === "notify";
    if (!isOfNotice || !this.#parts.notify.onRefused(remark.id ?? 0, words))
      this.#parts.toasts.show({ words });
  }

  /**
   * @param {Notice | Reply} message
   * @param {number} talkerId our own
   */
  on(message, talkerId) {
    if (message.type === "reply") this.#showReply(message);
    else this.#show(message, message.talker_id === talkerId);
  }

  /**
   * @param {Notice} notice
   * @param {boolean} own whether it is ours
   */
  #show(notice, own) {
    const { chat, toasts, cues, attention, speech } = this.#parts;
    const { id, name, title, text, level, sound } = notice;
    const actions = notice.actions.slice(0, MOST_ACTIONS).map(String);
    this.#keep(id, actions);
    const answers = create("div", "actions");
    const line = chat.add({ name, text, title, level: levelOf(level), own, atMs: Date.now() });
    if (own) this.#parts.notify.onSent(notice.own_id ?? 0, { id, text, actions });
    if (own) return;
    /** @param {number} action */
    const answer = (action) => {
      this.#send({ type: "reply", id, action });
      answers.replaceChildren(t("youAnswered", { action: actions[action] }));
    };
    const offers = actions.map((words, action) => ({ words, act: () => answer(action) }));
    answers.append(...offers.map(buttonOf));
    if (actions.length > 0) line.append(answers);
    cues.play(sound ? "ring" : "message");
    attention.notify(title || name, text);
    speech.say(title ? `${title}. ${text}` : text);
    if (level === "alarm") toasts.alert(`${title} ${text}`);
    toasts.show({
      name,
      title: title || name,
      words: text,
      level: levelOf(level),
      actions: offers,
      ...(level === "alarm" && { lastsMs: ALARM_LASTS_MS }),
    });
  }

  /** @param {Reply} reply to a notice of ours */
  #showReply({ id, name, action }) {
    const words = this.#actions.get(id)?.[action];
    if (words === undefined) return;
    this.#parts.notify.onReply(id, name, action);
    const said = t("theyAnswered", { name, action: words });
    this.#parts.chat.addEvent(said);
    this.#parts.toasts.show({ name, words: said });
  }

  /**
   * @param {number} id
   * @param {string[]} actions
   */
  #keep(id, actions) {
    this.#actions.set(id, actions);
    const [oldest] = this.#actions.keys();
    if (this.#actions.size > KEPT) this.#actions.delete(oldest);
  }
}

/** @param {{words: string, act: () => void}} offer */
function buttonOf({ words, act }) {
  const button = create("button", "button short", words);
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

/**
 * @param {string} level as a relay says it
 * @returns {import("../../shared/control.js").Level}
 */
function levelOf(level) {
  return level === "warning" || level === "alarm" ? level : "info";
}
