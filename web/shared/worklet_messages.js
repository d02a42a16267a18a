// What goes to and from the audio worklets: tagged unions, so that a checker finds a misspelt field and a
// missing case.
//
//   page   → playout: PlayoutSetup       playout → page: PlayoutReport
//   worker → playout: PlayoutOrder       playout → worker: Playing
//   page   → capture: CaptureSetup       capture → worker: Captured
//   worker → capture: CaptureOrder
//                                        codec cost → page: CodecCost
//
// A packet of the relay goes to playout as a bare ArrayBuffer, which is moved and not copied, where no ring
// is shared.

/**
 * From the page's main thread: the line to the worker, once; and the question of what has been counted.
 * @typedef {{type: "connect", worker: MessagePort, memory: SharedArrayBuffer | null}
 *   | {type: "askStatistics"}} PlayoutSetup
 */

/**
 * From the worker: who is there, how loud somebody is, that nobody is heard for now, and what is heard once
 * more.
 * @typedef {{type: "add", talkerId: number}
 *   | {type: "remove", talkerId: number}
 *   | {type: "clear"}
 *   | {type: "setGain", talkerId: number, gain: number}
 *   | {type: "beginReplay"}
 *   | {type: "replay", mid: Float32Array, side: Float32Array}
 *   | {type: "endReplay"}
 *   | {type: "setMuted", muted: boolean}} PlayoutOrder
 */

/**
 * One talker, as heard here.
 * @typedef {object} TalkerStatistics
 * @property {number} targetMs how much sound should wait in the jitter buffer
 * @property {number} levelMs how much waits there
 * @property {number} late packets that came after their time
 * @property {number} lost packets that never came
 * @property {number} duplicate packets that were there already
 * @property {number} undecodable packets that are not Opus
 * @property {number} underruns how often the buffer ran empty
 * @property {number} concealedMs sound that was missing, and was guessed by the codec
 * @property {number} acceleratedMs sound that was taken out so that the delay comes back
 * @property {number} expandedMs sound that was repeated so that less comes late
 * @property {number} skippedMs sound that was too old to be worth hearing
 */

/**
 * To the page's main thread.
 * @typedef {{type: "ready"} | {type: "statistics", talkers: (TalkerStatistics
 *   & {talkerId: number})[]}} PlayoutReport
 */

/**
 * To the worker, ten times a second: what plays next of each talker, in samples; `at` is in seconds of the
 * audio context, and `atMs` is the same moment by Date.now(). `replay` is how many samples of a replay still
 * wait.
 * @typedef {{type: "playing", at: number, atMs: number, talkers: {talkerId: number, timestamp: number}[],
 *   replay: number}} Playing
 */

/**
 * To capture: how many samples a packet has from now on.
 * @typedef {{type: "frameSamples", samples: number}} CaptureOrder
 */

/** To capture: its line to the worker. @typedef {{type: "connect", worker: MessagePort}} CaptureSetup */

/**
 * From capture to the worker: a packet's sound, whose last sample was there at `atMs` of Date.now(); rows of
 * left and right where it is stereo.
 * @typedef {{type: "captured", samples: Float32Array, channels: number, atMs: number}} Captured
 */

/**
 * From the codec's check: what a frame costs, or why there is no figure.
 * @typedef {{type: "cost", ms: number} | {type: "failed", problem: string}} CodecCost
 */

export {};
