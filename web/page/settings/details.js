// For experts: what is counted, once a second while it is open, and what is worst at the moment in one
// sentence.

import { create, element, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { worstDelay } from "../delay/diagnosis.js";
import { rowsOf } from "../sound/statistics_panel.js";

const EVERY_MS = 1_000;

/** Whose part is the worst, in words. */
const WHOSE = /** @type {const} */ ({
  capture: "whoseCapture",
  encode: "whoseEncode",
  up: "whoseUp",
  relay: "whoseRelay",
  down: "whoseDown",
  buffer: "whoseBuffer",
  output: "whoseOutput",
});

export class Details {
  #panel = element("experts", HTMLDetailsElement);
  /** @type {number | null} */
  #roundTripMs = null;

  /**
   * @param {import("../sound/audio_graph.js").AudioGraph} sound
   * @param {import("../people/roster.js").Roster} roster
   */
  constructor(sound, roster) {
    sound.onStatistics = (played) => {
      const nameOf = new Map(roster.others.map(({ talkerId, name }) => [talkerId, name]));
      const talkers = played.map((statistics) => ({
        name: nameOf.get(statistics.talkerId) ?? "",
        statistics,
      }));
      const rows = rowsOf({ roundTripMs: this.#roundTripMs, sound: sound.statistics, talkers });
      const groups = rows.map(([label, value]) =>
        create("div", "", create("dt", "", label), create("dd", "", value)),
      );
      element("statistics", HTMLElement).replaceChildren(...groups);
    };
    setInterval(
      () => this.#panel.open && this.#panel.offsetParent !== null && sound.askStatistics(),
      EVERY_MS,
    );
  }

  /**
   * @param {number | null} roundTripMs
   * @param {import("../delay/delay_view.js").Delay[]} delays
   */
  show(roundTripMs, delays) {
    this.#roundTripMs = roundTripMs;
    if (!this.#panel.open) return;
    const trouble = worstDelay(delays.map(({ name, figure }) => [name, figure]));
    const key = trouble?.kind === "spikes" ? "worstSpikes" : "worstSlow";
    const words = trouble
      ? t(key, { what: t(WHOSE[trouble.part], { name: trouble.name }), ms: Math.round(trouble.ms) })
      : t("allIsWell");
    setText(element("worst", HTMLElement), words);
  }
}
