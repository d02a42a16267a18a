// What is counted, by its public names, and how it reads on the screen.

import { t } from "../../ui/text.js";

/** @typedef {import("../../shared/worklet_messages.js").TalkerStatistics} TalkerStatistics */

/**
 * @typedef {object} SoundStatistics
 * @property {number} sampleRate of the audio context
 * @property {number | null} outputMs from the page to the loudspeaker, as the browser tells it
 */

/**
 * @typedef {object} Statistics
 * @property {number | null} roundTripMs to the relay and back
 * @property {SoundStatistics} sound
 * @property {{name: string, statistics: TalkerStatistics}[]} talkers
 */

/** @param {number | null} ms null where nobody knows */
const inMs = (ms) =>
  ms === null ? "–" : t("milliseconds", { ms: ms < 10 ? ms.toFixed(1) : Math.round(ms) });

/**
 * What the panel shows: rows of a label and a value.
 * @param {Statistics} statistics
 * @returns {[string, string][]}
 */
export function rowsOf({ roundTripMs, sound, talkers }) {
  return [
    [t("roundTrip"), inMs(roundTripMs)],
    [t("outputDelay"), inMs(sound.outputMs)],
    [t("sampleRate"), t("hertz", { rate: sound.sampleRate })],
    ...talkers.map(rowOf),
  ];
}

/**
 * @param {{name: string, statistics: TalkerStatistics}} talker
 * @returns {[string, string]}
 */
function rowOf({ name, statistics }) {
  const { targetMs, levelMs, late, concealedMs, acceleratedMs, expandedMs, skippedMs } = statistics;
  const [target, level, concealed] = [targetMs, levelMs, concealedMs].map(inMs);
  const [shortened, repeated] = [acceleratedMs + skippedMs, expandedMs].map(inMs);
  return [name, t("talkerRow", { target, level, late, concealed, shortened, repeated })];
}
