// The panel of connection details: filled once a second, while it is open.

import { rowsOf } from "./statistics_panel.js";

const EVERY_MS = 1_000;

export class Details {
  /** @type {number | null} */
  roundTripMs = null;

  /**
   * @param {import("./view.js").View} screen
   * @param {import("./audio_graph.js").AudioGraph} sound
   * @param {import("./roster.js").Roster} roster
   */
  constructor(screen, sound, roster) {
    sound.onStatistics = (played) => {
      const nameOf = new Map(roster.others.map(({ talkerId, name }) => [talkerId, name]));
      const talkers = played.map((statistics) => ({ name: nameOf.get(statistics.talkerId) ?? "", statistics }));
      screen.showStatistics(rowsOf({ roundTripMs: this.roundTripMs, sound: sound.statistics, talkers }));
    };
    setInterval(() => screen.showsDetails && sound.askStatistics(), EVERY_MS);
  }
}
