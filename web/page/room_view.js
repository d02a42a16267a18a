// A room on the screen: its parts, and what each of them shows when people, levels or delays change.

import { NOTHING_HEARD } from "../shared/audio_level.js";
import { element, setText } from "../ui/dom.js";
import { sayCount, t } from "../ui/text.js";
import { wholeOf } from "./delay/delay_words.js";
import { PeopleView } from "./people/people_view.js";
import { PersonSheet } from "./people/person_sheet.js";
import { Bar } from "./talk/bar.js";
import { TalkDisc } from "./talk/talk_disc.js";

/** @typedef {import("./people/roster.js").Person} Person */
/**
 * What decides how a room looks.
 * @typedef {object} RoomState
 * @property {string} room
 * @property {boolean} isEcho
 * @property {Person[]} people
 * @property {import("./talk/local_audio.js").Controls} controls
 * @property {boolean} listening this device only listens
 * @property {boolean} oneAtATime
 * @property {number} holder talker_id of who has the floor; 0 where nobody has
 * @property {boolean} needsTurn a talker needs a turn here: one talks at a time, or only hosts talk
 */

export class RoomView {
  #room = element("room", HTMLElement);
  people = new PeopleView();
  bar = new Bar();
  person = new PersonSheet();
  disc;
  /** @type {RoomState | null} */
  #state = null;
  /** @type {import("../shared/messages.js").LevelOf} */
  #levels = {};
  /** @type {import("./delay/delay_view.js").Delay[]} */
  #delays = [];
  /** Somebody's sheet was opened. */
  onPerson = () => {};

  /** @param {import("./talk/talk_keys.js").Pressed} pressed what the talk disc does */
  constructor(pressed) {
    this.disc = new TalkDisc(pressed);
    this.people.onPress = (talkerId) => this.#openPerson(talkerId);
  }

  /** @param {boolean} visible */
  set visible(visible) {
    this.#room.hidden = !visible;
  }

  focus() {
    element("room-name", HTMLElement).focus();
  }

  /** @param {RoomState} state */
  show(state) {
    this.#state = state;
    const { people, controls, listening, isEcho, room } = state;
    setText(element("room-name", HTMLElement), isEcho ? t("hearYourself") : room);
    const count = element("room-count", HTMLElement).querySelector("span");
    setText(count, sayCount("people", people.length));
    const usesDisc = controls.pushToTalk && controls.hasMicrophone && !listening;
    this.people.showsDelays = !isEcho;
    this.people.show(people, listening ? "audience" : usesDisc ? "walkie" : "people");
    this.bar.showMicrophone(micState(controls, listening), usesDisc);
    this.bar.showHand(people.some(({ own, hand }) => own && hand > 0), listening);
    this.#showPerson();
    this.#showDisc();
  }

  /** @param {import("../shared/messages.js").LevelOf} levels who is not in it is silent */
  showLevels(levels) {
    this.#levels = levels;
    const own = this.#state?.people.find((person) => person.own);
    this.people.showLevels(levels);
    this.person.showLevels(levels);
    this.bar.showLevel((own && levels[own.talkerId]) || NOTHING_HEARD);
    this.#showDisc();
  }

  /** @param {import("./delay/delay_view.js").Delay[]} delays */
  showDelays(delays) {
    if (this.#state?.isEcho) return;
    this.#delays = delays;
    this.people.showDelays(delays);
    const delay = delays.find(({ talkerId }) => talkerId === this.person.talkerId);
    if (delay) this.person.showDelay(delay);
  }

  clear() {
    this.#state = null;
    this.#levels = {};
    this.#delays = [];
    this.people.clear();
    this.person.close();
  }

  /** @param {number} talkerId */
  #openPerson(talkerId) {
    const opener = document.activeElement;
    const person = this.#state?.people.find((each) => each.talkerId === talkerId);
    if (!person) return;
    this.#showPersonOf(person);
    this.person.open(opener);
    this.onPerson();
    const delay = this.#delays.find((each) => each.talkerId === talkerId);
    if (delay) this.person.showDelay(delay);
  }

  #showPerson() {
    const { talkerId } = this.person;
    if (talkerId === 0) return;
    const person = this.#state?.people.find((each) => each.talkerId === talkerId);
    if (person) this.#showPersonOf(person);
    else this.person.close();
  }

  /** @param {Person} person */
  #showPersonOf(person) {
    const { people, isEcho, needsTurn } = /** @type {RoomState} */ (this.#state);
    const byHost = people.some(({ own, host }) => own && host);
    this.person.show(person, { byHost, hasDelay: !isEcho, needsTurn: needsTurn || !person.mayTalk });
  }

  #showDisc() {
    if (!this.#state) return;
    const { controls, oneAtATime, holder, people } = this.#state;
    const own = people.find((person) => person.own);
    const others = people.filter((person) => !person.own);
    const talker = oneAtATime
      ? others.find(({ talkerId }) => talkerId === holder)
      : others.find(({ talkerId }) => this.#levels[talkerId]?.voice);
    const figure = this.#delays.find(({ talkerId }) => talkerId === talker?.talkerId)?.figure;
    this.disc.show({
      open: controls.open,
      latched: controls.latched,
      oneAtATime,
      holder: holder === 0 ? "free" : holder === own?.talkerId ? "ours" : "theirs",
      talker: talker?.name ?? "",
      delay: figure?.totalMs ? wholeOf(figure) : null,
    });
  }
}

/**
 * @param {import("./talk/local_audio.js").Controls} controls
 * @param {boolean} listening
 * @returns {import("./talk/bar.js").MicState}
 */
function micState({ hasMicrophone, muted }, listening) {
  if (listening) return "listening";
  if (!hasMicrophone) return "refused";
  return muted ? "off" : "on";
}
