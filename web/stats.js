// What is counted, by its public names, and how it reads on the screen.

import { say } from "./text.js";

/**
 * One talker, as heard here.
 * @typedef {object} TalkerStatistics
 * @property {number} levelMs sound that waits in the jitter buffer
 * @property {number} targetMs how much should wait there
 * @property {number} late packets that came after their time
 * @property {number} duplicate packets that were there already
 * @property {number} dropped packets that were thrown away so that the delay comes back
 * @property {number} undecodable packets that are not Opus
 * @property {number} concealedMs sound that was missing, and was guessed by the codec
 */

/**
 * @typedef {object} SoundStatistics
 * @property {number} sampleRate of the audio context
 * @property {number} outputMs from the page to the loudspeaker, as the browser tells it
 */

/**
 * @typedef {object} Statistics
 * @property {number | null} roundTripMs to the relay and back
 * @property {SoundStatistics} sound
 * @property {{name: string, statistics: TalkerStatistics}[]} talkers
 */

/** @param {number} ms */
const inMs = (ms) => say("milliseconds", { ms: ms < 10 ? ms.toFixed(1) : Math.round(ms) });

/**
 * What the panel shows: rows of a label and a value.
 * @param {Statistics} statistics
 * @returns {[string, string][]}
 */
export function rowsOf({ roundTripMs, sound, talkers }) {
  return [
    [say("roundTrip"), roundTripMs === null ? "–" : inMs(roundTripMs)],
    [say("outputDelay"), inMs(sound.outputMs)],
    [say("sampleRate"), say("hertz", { rate: sound.sampleRate })],
    ...talkers.map(rowOf),
  ];
}

/**
 * @param {{name: string, statistics: TalkerStatistics}} talker
 * @returns {[string, string]}
 */
function rowOf({ name, statistics }) {
  const { levelMs, late, dropped, concealedMs } = statistics;
  return [name, say("talkerRow", { level: inMs(levelMs), late, dropped, concealed: inMs(concealedMs) })];
}
