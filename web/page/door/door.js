// The way in. With a link: who is there, a name, one's own voice, Join, Just listen, or Knock. Without one:
// scan, paste, rooms that this device has been in, or try it alone.

import { ECHO_ROOM } from "../../shared/room_link.js";
import { create, element, find, icon, setText, showMeter } from "../../ui/dom.js";
import { sayCount, t } from "../../ui/text.js";
import { plainFace } from "../people/face.js";
import { scanCode } from "./scanner.js";

/** @typedef {import("./room_preview.js").Preview} Preview */
/** @typedef {"join" | "listen" | "knock"} Way */
/**
 * @typedef {{room: string, fragment: string, atMs: number}} Visit a room that this device has been in;
 *   `atMs` as Date.now()
 */

/** Two faces are recognised, a crowd is a number. */
const FACES = 6;
const DAY_MS = 86_400_000;
const MANY = 3;

export class Door {
  #door = element("door", HTMLElement);
  #name = element("name", HTMLInputElement);
  #form = element("join-form", HTMLFormElement);
  #fields = find(this.#form, "fieldset", HTMLFieldSetElement);
  #join = element("join", HTMLButtonElement);
  #listen = element("just-listen", HTMLButtonElement);
  #problem = element("door-problem", HTMLElement);
  #link = element("link", HTMLInputElement);
  /** @type {Way} what the large button does */
  #way = "join";
  #room = "";
  /** Who is in the room, or what happens in it. */
  #who = "";
  #listens = false;
  /** @type {(way: Way, name: string) => void} */
  onEnter = () => {};
  onTryAlone = () => {};
  onTryVoice = () => {};
  /** @type {(link: string) => void} */
  onLink = () => {};

  constructor() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.onEnter(this.#way, this.name);
    });
    this.#listen.addEventListener("click", () => this.onEnter("listen", this.name));
    element("alone", HTMLButtonElement).addEventListener("click", () => this.onTryAlone());
    element("try-voice", HTMLButtonElement).addEventListener("click", () => this.onTryVoice());
    element("link-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.onLink(this.#link.value.trim());
    });
    this.#link.placeholder = t("pasteLink");
    this.#link.setAttribute("aria-label", t("pasteLink"));
    setText(element("scan-words", HTMLElement), t(scanCode.isPossible ? "scanHere" : "scanWithCamera"));
    element("scan-card", HTMLButtonElement).addEventListener("click", () => this.#scan());
  }

  /** Whoever joins wishes to be in no recording, which only who was told of one can wish here. */
  get leavesOut() {
    return (
      element("door-leave-out", HTMLInputElement).checked && !element("door-recording", HTMLElement).hidden
    );
  }

  get name() {
    return this.#name.value.trim();
  }

  set name(name) {
    this.#name.value = name;
  }

  /** @param {boolean} visible */
  set visible(visible) {
    this.#door.hidden = !visible;
  }

  /** @param {boolean} busy somebody has pressed Join */
  set busy(busy) {
    this.#fields.disabled = busy;
    setText(element("join-words", HTMLElement), busy && this.#way !== "knock" ? t("joining") : this.#words);
  }

  /** Whether the link is to listen alone, also for somebody who has to knock first. */
  get listens() {
    return this.#listens;
  }

  set listens(listens) {
    this.#listens = listens;
    element("your-voice", HTMLElement).hidden = listens;
  }

  get #words() {
    return t(this.#way === "knock" ? "knock" : this.#way === "listen" ? "justListen" : "join");
  }

  /**
   * @param {string} room empty where the link names none
   * @param {boolean} [listens] the link is to listen alone
   */
  showRoom(room, listens = false) {
    this.#room = room;
    this.listens = listens;
    this.busy = false;
    const named = room !== "";
    this.#door.toggleAttribute("data-with-link", named);
    for (const id of ["threshold", "join-form"]) element(id, HTMLElement).hidden = !named;
    element("without-link", HTMLElement).hidden = named;
    setText(element("door-title", HTMLElement), room === ECHO_ROOM ? t("hearYourself") : room);
    this.#showWho(room === ECHO_ROOM ? t("echoIntro") : "");
    element("door-kind", HTMLElement).hidden = room === ECHO_ROOM;
    setText(element("door-kind", HTMLElement), t("youAreJoining"));
    this.#listen.hidden = room === ECHO_ROOM;
    element("door-recording", HTMLElement).hidden = true;
    this.#showFaces([]);
    element("door-captions", HTMLElement).hidden = true;
    this.showWay(listens ? "listen" : "join");
    this.linkCheck();
  }

  /**
   * The check leads back here: by what the address says now, which before joining may be the host's own link.
   */
  linkCheck() {
    for (const id of ["check", "check-first"]) element(id, HTMLAnchorElement).hash = location.hash;
  }

  /** @param {Way} way */
  showWay(way) {
    this.#way = way;
    setText(element("join-words", HTMLElement), this.#words);
    this.#join
      .querySelector("use")
      ?.setAttribute(
        "href",
        `icons/symbols.svg#${way === "knock" ? "door" : way === "listen" ? "headphones" : "mic"}`,
      );
    this.#listen.hidden = way !== "join" || this.#room === ECHO_ROOM;
  }

  /** @param {Preview} preview what the relay says of the room to somebody with an invitation */
  showPreview({ people, count, locked, role, captions, recording = false }) {
    element("door-captions", HTMLElement).hidden = !captions;
    element("door-recording", HTMLElement).hidden = !recording;
    this.#showFaces(people);
    this.#showWho(whoIsThere(people, count));
    if (role === "listen") this.listens = true;
    // who was refused may only ask, whatever others may
    if (this.#way === "knock") return;
    if (locked) setText(element("door-kind", HTMLElement), t("locked"));
    this.showWay(locked ? "knock" : this.#listens ? "listen" : "join");
  }

  /**
   * @param {string} words what to do about it; empty where all is well
   * @param {string} howLink where a device that does not trust the relay learns how; empty where that is not
   *   the reason
   */
  showProblem(words, howLink = "") {
    this.#problem.hidden = words === "";
    setText(element("door-problem-words", HTMLElement), words);
    const how = element("show-me-how", HTMLAnchorElement);
    how.hidden = howLink === "";
    if (howLink) how.href = howLink;
  }

  /** No sound can be had here at all. @param {string} words */
  showUnusable(words) {
    this.visible = true;
    this.showRoom("");
    element("without-link", HTMLElement).hidden = true;
    this.showProblem(words);
  }

  /** @param {number | null} level −dBov of our own voice; null while there is no microphone */
  showOwnLevel(level) {
    const meter = element("own-level", HTMLElement);
    meter.hidden = level === null;
    element("try-voice", HTMLElement).hidden = level !== null;
    if (level !== null) showMeter(meter, level);
  }

  /** @param {Visit[]} visits the latest first */
  showRecent(visits) {
    element("recent", HTMLElement).hidden = visits.length === 0;
    const rows = visits.map(({ room, fragment, atMs }) => {
      const when = create("small", "", lastTime(atMs));
      const row = create(
        "a",
        "row",
        plainFace(room),
        create("span", "words", create("b", "", room), when),
        icon("right"),
      );
      row.href = fragment;
      row.dataset.room = room;
      return create("li", "", row);
    });
    find(element("recent", HTMLElement), "ul", HTMLElement).replaceChildren(...rows);
  }

  /**
   * @param {string} room one of those that are shown as recent
   * @param {Preview} preview
   */
  showPresence(room, { people, count }) {
    const rows = [...element("recent", HTMLElement).querySelectorAll("a.row")];
    const row = rows.find((each) => each instanceof HTMLElement && each.dataset.room === room);
    row?.toggleAttribute("data-alive", count > 0);
    if (row) setText(find(row, "small", HTMLElement), whoIsThere(people, count));
  }

  /** @param {string} words what the page waits for; empty where it no longer does */
  showWaiting(words) {
    setText(element("door-who", HTMLElement), words || this.#who);
  }

  /** @param {string} who */
  #showWho(who) {
    this.#who = who;
    this.showWaiting("");
  }

  pressJoin() {
    this.#form.requestSubmit();
  }

  focus() {
    element(this.#room ? "door-title" : "welcome", HTMLElement).focus();
  }

  /** @param {string[]} people */
  #showFaces(people) {
    const faces = find(this.#door, "#threshold .faces", HTMLElement);
    faces.toggleAttribute("data-many", people.length > MANY);
    faces.replaceChildren(...people.slice(0, FACES).map(plainFace));
  }

  async #scan() {
    const video = element("camera", HTMLVideoElement);
    if (!scanCode.isPossible || !video.hidden) return;
    const link = await scanCode(video);
    if (link) this.onLink(link);
  }
}

/**
 * @param {string[]} people
 * @param {number} count
 */
function whoIsThere(people, count) {
  if (count === 0) return t("nobodyThere");
  if (count === 1) return t("oneThere", { name: people[0] });
  if (count === 2) return t("twoThere", { name: people[0], other: people[1] });
  return t("manyThere", { name: people[0], other: people[1], count: count - 2 });
}

/** @param {number} atMs */
function lastTime(atMs) {
  const days = Math.round((midnightBefore(Date.now()) - midnightBefore(atMs)) / DAY_MS);
  return days < 1 ? t("lastToday") : sayCount("lastDays", days);
}

/** @param {number} atMs */
function midnightBefore(atMs) {
  return new Date(atMs).setHours(0, 0, 0, 0);
}
