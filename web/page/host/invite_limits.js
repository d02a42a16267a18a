// Until when an invitation lets people in, and how many. A host chooses; that makes a new invitation, and the
// previous code stops working. Everybody else sees what holds.

import { create, element, setAttribute } from "../../ui/dom.js";
import { language, sayCount, t } from "../../ui/text.js";

/** @typedef {import("./invitation.js").Role} Role */
/** @typedef {{words: string, value: number}} Choice */

const HOUR_MS = 3_600_000;
const DAY_H = 24;
/** So far ahead a weekday is that of this week. */
const CLEAR_DAYS = 6;
const WEEKDAY = /** @type {const} */ ({ weekday: "short" });
const DATE = /** @type {const} */ ({ year: "numeric", month: "short", day: "numeric" });
/** A visit, an evening, a day, a week; 0 is no end. Others can be made in a terminal. */
const HOURS = [1, 8, DAY_H, 7 * DAY_H, 0];
/** One guest, a few, a group, a hall; 0 is no limit. */
const USES = [1, 2, 5, 10, 50, 0];
/** What the choice "as it is" is called in a select: no number of hours or people. */
const AS_IT_IS = "";

export class InviteLimits {
  #rows = element("invite-limits", HTMLElement);
  #ends = element("invite-ends", HTMLSelectElement);
  #uses = element("invite-uses", HTMLSelectElement);
  #invitation;
  /** @type {Role} */
  #role = "talk";
  /**
   * Makes a new invitation; false where the host has thought better of it.
   * @type {(hours: number, uses: number) => Promise<boolean>}
   */
  onRenew = async () => false;

  /** @param {import("./invitation.js").Invitation} invitation */
  constructor(invitation) {
    this.#invitation = invitation;
    for (const select of [this.#ends, this.#uses]) select.addEventListener("change", () => this.#renew());
  }

  /** @param {Role} role */
  show(role) {
    this.#role = role;
    const { isLimitable, byHost } = this.#invitation;
    this.#rows.hidden = !isLimitable;
    if (!isLimitable) return;
    const ends = this.#invitation.endsAt(role);
    const left = this.#invitation.usesLeft(role);
    const endsNow = ends === 0 ? t("noEnd") : timeOf(ends);
    const usesNow = left === null ? t("noLimit") : sayCount("morePeople", left);
    const hours = ends === 0 ? HOURS.slice(0, -1) : HOURS;
    const uses = left === null ? USES.slice(0, -1) : USES;
    this.#render(
      this.#ends,
      byHost,
      endsNow,
      hours.map((each) => ({ words: lasting(each), value: each })),
    );
    this.#render(
      this.#uses,
      byHost,
      usesNow,
      uses.map((each) => ({ words: each === 0 ? t("noLimit") : sayCount("people", each), value: each })),
    );
  }

  /**
   * @param {HTMLSelectElement} select
   * @param {boolean} byHost who may choose; others read
   * @param {string} now
   * @param {Choice[]} choices
   */
  #render(select, byHost, now, choices) {
    const read = /** @type {HTMLElement} */ (select.nextElementSibling);
    select.hidden = !byHost;
    read.hidden = byHost;
    if (read.textContent !== now) {
      const fresh = create("span", "value", now); // a new one, so that none moves
      fresh.hidden = byHost;
      read.replaceWith(fresh);
    }
    const shown = select.options[0]?.text === now && select.options.length === choices.length + 1;
    if (!shown)
      select.replaceChildren(
        new Option(now, AS_IT_IS),
        ...choices.map(({ words, value }) => new Option(words, String(value))),
      );
    select.value = AS_IT_IS;
    setAttribute(select, "title", now);
  }

  async #renew() {
    const hours = this.#ends.value === AS_IT_IS ? this.#hoursLeft : Number(this.#ends.value);
    const uses = this.#uses.value === AS_IT_IS ? this.#usesKept : Number(this.#uses.value);
    await this.onRenew(hours, uses);
    this.show(this.#role); // until the server has made it, the one before holds
  }

  /** In whole hours, as a new invitation has them; 0 where it does not end. */
  get #hoursLeft() {
    const ends = this.#invitation.endsAt(this.#role);
    return ends === 0 ? 0 : Math.max(1, Math.ceil((ends - Date.now()) / HOUR_MS));
  }

  /** 0 is no limit, so an invitation that is used up lets one in again. */
  get #usesKept() {
    const left = this.#invitation.usesLeft(this.#role);
    return left === null ? 0 : Math.max(1, left);
  }
}

/** @param {number} hours */
function lasting(hours) {
  if (hours === 0) return t("noEnd");
  return hours < DAY_H ? sayCount("inHours", hours) : sayCount("inDays", hours / DAY_H);
}

/**
 * As short as it is clear: the time today, with its weekday in the next days, or with its date.
 * @param {number} ms since 1970
 */
export function timeOf(ms) {
  const isToday = new Date(ms).toDateString() === new Date().toDateString();
  const isThisWeek = Math.abs(ms - Date.now()) < CLEAR_DAYS * DAY_H * HOUR_MS;
  const day = isToday ? {} : isThisWeek ? WEEKDAY : DATE;
  return new Date(ms).toLocaleString(language, { ...day, hour: "numeric", minute: "2-digit" });
}
