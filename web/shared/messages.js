// What the page's threads say to each other: tagged unions, so that a checker finds a misspelt field and a
// missing case.
//
//   page → worker: Order        worker → page: Report

/** @typedef {import("./control.js").FromClient} FromClient */
/** @typedef {import("./control.js").FromRelay} FromRelay */

/** `level` in −dBov. @typedef {{level: number, voice: boolean}} Heard */
/** By talker; a talker that is missing is silent. @typedef {Record<number, Heard>} LevelOf */
/** @typedef {"connecting" | "joined" | "lost" | "left" | "refused"} LinkState */
/**
 * `free` leaves it to the voice, `button` to a button; with `open` everything passes.
 * @typedef {"free" | "button" | "open"} TransmitMode
 */
/**
 * The talker who is in one room with this device, 0 if nobody knows who; null where all is well.
 * @typedef {number | null} Feedback
 */
/**
 * Why strong noise suppression went off: it could not be loaded, or this device does not keep up.
 * @typedef {"missing" | "slow"} SuppressionTrouble
 */
/**
 * After one chirp: how long it took, null where it did not come back, and what the microphone heard
 * meanwhile.
 * @typedef {{delayMs: number | null, heard: boolean, noiseDbfs: number, peakDbfs: number}} Echo
 */

/**
 * A replay that runs: who spoke, who speaks in it just now, and how long it still takes.
 * @typedef {{talkers: string[], talking: string[], leftMs: number, speed: number}} Replaying
 */

/**
 * `beside`: the same one, unprocessed, which is not sent.
 * @typedef {"processed" | "unprocessed" | "beside"} MicrophoneKind
 */

/**
 * What keeps our packets from being as short as they were chosen.
 * @typedef {"" | "http" | "network" | "room" | "source"} PacketsWhy
 */
/** How long they are, in 2.5 ms. @typedef {{units: number, why: PacketsWhy}} OwnPackets */

/**
 * What the others see of us.
 * @typedef {{muted: boolean, away: boolean, hand: boolean, listening: boolean}} OwnState
 */

/**
 * That second `at` of the audio context sounded at `atMs` since 1970, by the page's steady clock.
 * @typedef {{at: number, atMs: number}} Sounded
 */

/**
 * The worker's ends of its lines to the worklets, and the memory that it shares with playout. Without
 * `capture`, another playout takes over.
 * @typedef {{capture?: MessagePort, playout: MessagePort, memory: SharedArrayBuffer | null}} Ports
 */

/**
 * From the page to the worker.
 * @typedef {{type: "ports"} & Ports
 *   | {type: "microphone", reading: import("./track_reader.js").Reading, channels: number,
 *     kind: MicrophoneKind}
 *   | {type: "join", url: string, state: Partial<OwnState>}
 *   | {type: "state", change: Partial<OwnState>}
 *   | {type: "sendControl", message: FromClient}
 *   | {type: "setTransmitMode", mode: TransmitMode, pressed: boolean}
 *   | {type: "setGain", name: string, gain: number}
 *   | {type: "setGains", gains: Record<string, number>}
 *   | {type: "deviceLatency", captureMs: number | null, sounded: Sounded | null}
 *   | {type: "suppressNoise", on: boolean}
 *   | {type: "choosePackets", units: number}
 *   | {type: "acousticTest", step: "begin" | "chirp" | "echo" | "end"}
 *   | {type: "startReplay", what: "last" | "missed"}
 *   | {type: "stopReplay"}
 *   | {type: "setReplaySpeed", speed: number}
 *   | {type: "leave"}
 *   | {type: "reconnectNow"}} Order
 */

/**
 * From the worker to the page. Times and delays stay in the worker: the page hears of them as figures.
 * @typedef {{type: "ready"}
 *   | {type: "link", state: LinkState, reason: string, message: string}
 *   | {type: "control", message: Exclude<FromRelay, {type: "ping" | "pong" | "clock" | "relays"}>}
 *   | {type: "levels", levels: LevelOf}
 *   | {type: "mutedVoice"}
 *   | {type: "plainMicrophoneWanted"}
 *   | {type: "feedback", feedback: Feedback}
 *   | {type: "suppressionTrouble", trouble: SuppressionTrouble}
 *   | {type: "packets", packets: OwnPackets}
 *   | {type: "chirpEcho", echo: Echo}
 *   | {type: "slow", slow: boolean}
 *   | {type: "replay", replay: Replaying | null}
 *   | {type: "nothingToReplay"}
 *   | {type: "missed", names: string[], lastsMs: number}
 *   | {type: "delays", roundTripMs: number | null,
 *     figures: [number, import("./delay_parts.js").Figure][]}} Report
 */

export {};
