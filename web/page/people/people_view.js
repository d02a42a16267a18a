// The people of a room on the screen. How many there are decides how they are drawn:
//
//   1 the invitation · 2 a duet · 3 to 12 tiles · 13 and more a stage of three above a crowd of small faces
//
// and, whatever their number, a row of faces above the talk disc, or one large face for somebody who only
// listens. Nothing changes place when somebody talks.

import { NOTHING_HEARD } from "../../shared/audio_level.js";
import { create, element, fillIn, icon } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { wholeOf } from "../delay/delay_words.js";
import { Duet } from "./duet.js";
import { Face } from "./face.js";
import { Stage } from "./stage.js";

/** @typedef {import("./roster.js").Person} Person */
/** @typedef {"none" | "empty" | "duet" | "tiles" | "crowd" | "walkie" | "audience"} Layout */
/**
 * `walkie`: a disc is held to talk; `audience`: this device only listens.
 * @typedef {"people" | "walkie" | "audience"} Mode
 */

/** Thirty small faces fit on one phone screen; thirteen tiles do not. */
const MOST_TILES = 12;
const HANDS_NAMED = 3;

/** @type {Record<Layout, readonly string[]>} ids of the parts that each layout shows */
const PARTS = {
  none: [],
  empty: ["empty"],
  duet: ["duet"],
  tiles: ["tiles"],
  crowd: ["stage", "crowd-title", "crowd"],
  walkie: ["faces", "walkie"],
  audience: ["audience", "audience-acts"],
};
const ALL_PARTS = [...new Set(Object.values(PARTS).flat())];

export class PeopleView {
  #tiles = element("tiles", HTMLUListElement);
  #stageList = element("stage", HTMLUListElement);
  #crowd = element("crowd", HTMLUListElement);
  #row = element("faces", HTMLUListElement);
  #duetSection = element("duet", HTMLElement);
  #audience = element("audience", HTMLElement);
  #duet = new Duet();
  #stage = new Stage();
  /** @type {Layout} */
  #layout = "none";
  /** Everybody's face, in the order in which they came. @type {Map<number, Face>} */
  #faces = new Map();
  /** The faces on the stage, by place. @type {(Face | null)[]} */
  #onStage = [];
  /** @type {Person[]} */
  #people = [];
  /** @type {import("../../shared/messages.js").LevelOf} */
  #levels = {};
  /** @type {Map<number, import("../delay/delay_view.js").Delay>} */
  #delays = new Map();
  /** Whether delays are meant to be seen: not in the echo room. */
  showsDelays = true;
  /** @type {(talkerId: number) => void} */
  onPress = () => {};

  /**
   * @param {Person[]} people in the order in which they came, oneself among them
   * @param {Mode} mode
   */
  show(people, mode) {
    this.#people = people;
    this.#setLayout(layoutOf(people.length, mode));
    this.#syncFaces(this.#layout === "walkie" ? people.filter(({ own }) => !own) : this.#shown(people));
    this.#stage.keepOnly(people.map(({ talkerId }) => talkerId));
    if (this.#layout === "crowd") this.#updateStage();
    this.#showHands();
    this.#updateDuet();
  }

  /** @param {import("../../shared/messages.js").LevelOf} levels who is not in it is silent */
  showLevels(levels) {
    this.#levels = levels;
    for (const [talkerId, face] of this.#faces) face.showLevel(levels[talkerId] ?? NOTHING_HEARD);
    if (this.#layout === "crowd") this.#updateStage();
    if (this.#layout === "audience") this.#updateAudience();
    this.#updateDuet();
  }

  /** @param {import("../delay/delay_view.js").Delay[]} delays */
  showDelays(delays) {
    if (!this.showsDelays) return;
    this.#delays = new Map(delays.map((delay) => [delay.talkerId, delay]));
    for (const [talkerId, face] of this.#faces) face.showDelay(this.#wholeOf(talkerId));
    for (const face of this.#onStage) if (face?.person) face.showDelay(this.#wholeOf(face.person.talkerId));
    this.#updateDuet();
  }

  /** @param {number} talkerId */
  #wholeOf(talkerId) {
    return wholeOf(this.#delays.get(talkerId)?.figure);
  }

  clear() {
    this.#delays.clear();
    this.#levels = {};
    this.#people = [];
    this.#syncFaces([]);
    this.#setLayout("none");
  }

  /** @param {Layout} layout */
  #setLayout(layout) {
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#faces.clear();
    this.#onStage = [];
    for (const list of [this.#tiles, this.#crowd, this.#row, this.#stageList, this.#audience])
      list.replaceChildren();
    for (const node of this.#duetSection.querySelectorAll(".person")) node.remove();
    for (const id of ALL_PARTS) element(id, HTMLElement).hidden = !PARTS[layout].includes(id);
    document.body.dataset.layout = layout;
  }

  /**
   * Who is drawn in this layout: an audience sees the one who talks or is the host.
   * @param {Person[]} people
   */
  #shown(people) {
    if (this.#layout === "empty") return [];
    if (this.#layout !== "audience") return people;
    const talker = people.find(({ talkerId, own }) => !own && this.#levels[talkerId]?.voice);
    const stays = people.find(({ talkerId }) => this.#faces.has(talkerId));
    const speaker =
      talker ??
      stays ??
      people.find(({ own, host }) => host && !own) ??
      people.find(({ own, listening }) => !own && !listening);
    return speaker ? [speaker] : [];
  }

  #updateAudience() {
    this.#syncFaces(this.#shown(this.#people));
  }

  /** @param {Person[]} people */
  #syncFaces(people) {
    const present = new Set(people.map(({ talkerId }) => talkerId));
    for (const [talkerId, face] of this.#faces) {
      if (present.has(talkerId)) continue;
      (face.node.closest("li") ?? face.node).remove();
      this.#faces.delete(talkerId);
    }
    for (const person of people) this.#faceOf(person).show(person);
  }

  /** @param {Person} person */
  #faceOf(person) {
    const known = this.#faces.get(person.talkerId);
    if (known) return known;
    const face = this.#newFace(CLASSES[this.#layout] ?? "tile");
    this.#faces.set(person.talkerId, face);
    this.#place(face.node, person.own);
    face.show(person);
    face.showLevel(this.#levels[person.talkerId] ?? NOTHING_HEARD);
    face.showDelay(this.#wholeOf(person.talkerId));
    return face;
  }

  /** @param {string} className */
  #newFace(className) {
    const face = new Face(className);
    face.onPress = (talkerId) => this.onPress(talkerId);
    return face;
  }

  /**
   * In a duet the other one is at the left, where the way of the voice begins, and oneself at the right,
   * where it ends.
   * @param {HTMLElement} node
   * @param {boolean} own
   */
  #place(node, own) {
    if (this.#layout === "duet")
      this.#duetSection.insertBefore(
        node,
        own ? this.#duetSection.querySelector("#arc") : this.#duetSection.firstChild,
      );
    else if (this.#layout === "audience") this.#audience.append(node);
    else {
      const list =
        this.#layout === "crowd" ? this.#crowd : this.#layout === "walkie" ? this.#row : this.#tiles;
      list.append(create("li", "", node));
    }
  }

  #updateStage() {
    const talking = this.#people
      .filter(({ talkerId, own }) => !own && this.#levels[talkerId]?.voice)
      .map(({ talkerId }) => talkerId);
    const places = this.#stage.update(
      performance.now(),
      talking,
      handsOf(this.#people).map(({ talkerId }) => talkerId),
    );
    places.forEach((talkerId, place) =>
      this.#showPlace(
        place,
        this.#people.find((person) => person.talkerId === talkerId),
      ),
    );
  }

  /**
   * @param {number} place
   * @param {Person | undefined} person
   */
  #showPlace(place, person) {
    const list = this.#stageList;
    while (list.children.length <= place) list.append(create("li", "empty"));
    const shown = this.#onStage[place];
    if (shown?.person?.talkerId === person?.talkerId) {
      if (shown && person) shown.show(person);
    } else {
      this.#onStage[place] = person ? this.#newFace("tile") : null;
      const face = this.#onStage[place];
      if (face && person) {
        face.show(person);
        face.showDelay(this.#wholeOf(person.talkerId));
      }
      list.children[place].className = face ? "" : "empty";
      list.children[place].replaceChildren(...(face ? [face.node] : []));
    }
    if (person) this.#onStage[place]?.showLevel(this.#levels[person.talkerId] ?? NOTHING_HEARD);
  }

  #showHands() {
    const hands = handsOf(this.#people);
    const words = element("hands-words", HTMLElement);
    words.hidden = hands.length === 0;
    if (words.hidden) return;
    const names = hands.slice(0, HANDS_NAMED).map(({ own, name }) => (own ? t("you") : name)).join(", ");
    const more = hands.length > HANDS_NAMED ? " …" : "";
    const said = `${t("handsNamed", { count: hands.length, names })}${more}`;
    // New ones, so that none moves.
    if (words.textContent !== said) words.replaceChildren(icon("hand"), create("span", "", said));
  }

  #updateDuet() {
    if (this.#layout !== "duet") return;
    const other = this.#people.find(({ own }) => !own);
    if (!other) return;
    this.#duet.showName(other.name);
    const talks = this.#levels[other.talkerId]?.voice === true;
    this.#duet.showDelay((this.showsDelays && this.#delays.get(other.talkerId)) || null, talks);
    fillIn(
      this.#duetSection,
      "#duet-words",
      this.showsDelays ? t("howLong", { name: other.name }) : t("withEcho"),
    );
  }
}

/** @type {Partial<Record<Layout, string>>} */
const CLASSES = { crowd: "small-face", walkie: "row-face", duet: "person", audience: "person" };

/**
 * @param {number} people
 * @param {Mode} mode
 * @returns {Layout}
 */
function layoutOf(people, mode) {
  if (people === 1 && mode !== "audience") return "empty";
  if (mode === "walkie" || mode === "audience") return mode;
  if (people === 2) return "duet";
  return people <= MOST_TILES ? "tiles" : "crowd";
}

/**
 * Raised hands, the oldest first.
 * @param {Person[]} people
 */
export function handsOf(people) {
  return people.filter(({ hand }) => hand > 0).sort((a, b) => a.hand - b.hand);
}
