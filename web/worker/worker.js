// Between the audio worklets and the relay: owns the socket and our own voice. The page's main thread hears only what
// belongs on the screen.
//
//   microphone's track, or capture worklet → (blocks) → Talking → (packets) → Link → relay
//   relay → Link → (packets) → playout worklet

import { Encoder, loadCodec } from "../shared/codec.js";
import { PacketError, parsePacket } from "../shared/packet.js";
import { PacketRing } from "../shared/packet_ring.js";
import { TrackReader } from "../shared/track_reader.js";
import { StampClock } from "./steady_clock.js";
import { DelayMonitor } from "./delay_monitor.js";
import { FeedbackGuard } from "./feedback_guard.js";
import { Link } from "./link.js";
import { Sender } from "./sender.js";
import { SURROUNDINGS } from "./surroundings.js";
import { TalkerLevels } from "./talker_levels.js";

const LEVELS_MS = 100;
const FIGURES_MS = 500;

/**
 * From the main thread.
 * @typedef {{type: "ports", capture: MessagePort, playout: MessagePort, memory: SharedArrayBuffer | null}
 *   | {type: "microphone", reading: import("../shared/track_reader.js").Reading, channels: number}
 *   | {type: "join", url: string, muted: boolean}
 *   | {type: "state", change: Partial<State>}
 *   | {type: "say", message: import("../shared/control.js").Message}
 *   | {type: "gate", mode: import("./transmit_gate.js").Mode, pressed: boolean}
 *   | {type: "gain", talkerId: number, gain: number}
 *   | {type: "devices", captureMs: number | null, soundedMs: number | null}
 *   | {type: "air", step: "begin" | "chirp" | "echo" | "end"}
 *   | {type: "leave"} | {type: "hurry"}} Order
 */
/**
 * What the others see of us.
 * @typedef {{muted: boolean, away: boolean, hand: boolean}} State
 */
/**
 * To the main thread.
 * @typedef {{type: "ready"}
 *   | {type: "link", state: import("./link.js").LinkState, reason: string, message: string}
 *   | {type: "control", message: import("../shared/control.js").Message}
 *   | {type: "levels", levels: import("./talker_levels.js").LevelOf}
 *   | {type: "danger", danger: import("./feedback_guard.js").Feedback}
 *   | {type: "echo", echo: import("./chirp_listener.js").Echo}
 *   | {type: "figures", roundTripMs: number | null, figures: [number, import("./mouth_to_ear.js").Figure][]}} Report
 */

const link = new Link(SURROUNDINGS);
/** @type {State} */
const own = { muted: false, away: false, hand: false };
const levels = new TalkerLevels();
const timing = new DelayMonitor();
const guard = new FeedbackGuard();
const reader = new TrackReader();
/** @type {MessagePort | null} */
let playout = null;
/** Where there is none, packets go by the port. @type {PacketRing | null} */
let ring = null;

const nowUs = () => Math.round(performance.now() * 1000);
const talking = new Sender({ link, levels, timing, guard, nowUs });

const stamps = new StampClock();

/** @param {number} ms a recent moment of Date.now(), the only clock that an audio worklet has */
const steadyUs = (ms) => Math.round(stamps.steadyMs(ms) * 1000);

/** @param {import("../shared/worklet_messages.js").PlayoutOrder} order */
const toPlayout = (order) => playout?.postMessage(order);

/** @param {Report} report */
const tell = (report) => postMessage(report);

/**
 * @param {import("./link.js").LinkState} state
 * @param {string} reason
 * @param {string} message
 */
function onState(state, reason, message) {
  if (state !== "joined") {
    talking.talkerId = 0;
    guard.reset();
    toPlayout({ type: "clear" });
  }
  tell({ type: "link", state, reason, message });
}

/** @param {ArrayBuffer} data */
function onPacket(data) {
  try {
    const bytes = new Uint8Array(data);
    const packet = parsePacket(bytes);
    levels.heard(packet.talkerId, packet);
    guard.played(packet);
    timing.arrived(packet.talkerId, packet.timestamp, nowUs());
    if (ring) ring.push(bytes);
    else playout?.postMessage(data, [data]);
  } catch (error) {
    if (!(error instanceof PacketError)) throw error; // of a newer relay: what it carries is not for us
  }
}

/** @param {import("../shared/control.js").Message} message */
function onControl(message) {
  switch (message.type) {
    case "welcome":
      onWelcome(message);
      break;
    case "joined":
      timing.add(message.talker_id);
      toPlayout({ type: "add", talkerId: message.talker_id });
      break;
    case "left":
      timing.remove(message.talker_id);
      guard.remove(message.talker_id);
      toPlayout({ type: "remove", talkerId: message.talker_id });
      break;
    case "ping":
      link.send({ type: "pong", t0: message.t0, t1: nowUs(), t2: nowUs() });
      return;
    case "pong":
      timing.onPong(message, nowUs());
      return;
    case "clock":
      timing.onClock(message, nowUs());
      return;
    case "floor":
      talking.onFloor(message);
      break;
  }
  tell({ type: "control", message });
}

/** @param {import("../shared/control.js").Message} welcome */
function onWelcome(welcome) {
  talking.talkerId = welcome.talker_id;
  timing.restart();
  toPlayout({ type: "clear" });
  for (const member of welcome.members) {
    timing.add(member.talker_id);
    toPlayout({ type: "add", talkerId: member.talker_id });
  }
  if (Object.values(own).some(Boolean)) link.send({ type: "state", ...own });
  ping();
}

function tellFigures() {
  const { roundTripUs } = timing.clock;
  tell({ type: "figures", roundTripMs: roundTripUs && roundTripUs / 1000, figures: timing.figures(nowUs()) });
}

function ping() {
  link.send({ type: "ping", t0: nowUs() });
}

function keepPinging() {
  ping();
  setTimeout(keepPinging, timing.clock.pingEveryUs(nowUs()) / 1000);
}

/** @param {Partial<State>} change */
function show(change) {
  Object.assign(own, change);
  talking.muted = own.muted;
  link.send({ type: "state", ...own });
}

/** @param {Order} order */
function obey(order) {
  switch (order.type) {
    case "ports":
      return connect(order);
    case "microphone":
      return reader.read(order.reading, order.channels);
    case "join":
      show({ muted: order.muted, hand: false });
      return link.join(order.url);
    case "state":
      return show(order.change);
    case "say":
      return link.send(order.message);
    case "gate":
      return talking.gate(order.mode, order.pressed);
    case "gain":
      return toPlayout({ type: "setGain", talkerId: order.talkerId, gain: order.gain });
    case "devices":
      timing.devices = devicesOf(order);
      return undefined;
    case "air":
      return onAir(order.step);
    case "leave":
      return link.leave();
    case "hurry":
      return link.hurry();
  }
}

/** @param {"begin" | "chirp" | "echo" | "end"} step */
function onAir(step) {
  const echo = talking.onAir(step);
  if (echo) tell({ type: "echo", echo });
}

/** @param {{capture: MessagePort, playout: MessagePort, memory: SharedArrayBuffer | null}} ports of the worklets */
function connect(ports) {
  ports.capture.onmessage = ({ data }) => onCaptured(data);
  ports.playout.onmessage = ({ data }) => onPlaying(data);
  playout = ports.playout;
  ring = ports.memory && new PacketRing(ports.memory);
}

/** @param {import("../shared/worklet_messages.js").Captured} message */
function onCaptured({ samples, atMs }) {
  talking.hear(samples, steadyUs(atMs));
}

/** @param {import("../shared/worklet_messages.js").Playing} message */
function onPlaying({ at, atMs, talkers }) {
  timing.onPlaying({ at, poppedUs: steadyUs(atMs), talkers });
}

/**
 * @param {{captureMs: number | null, soundedMs: number | null}} told by the main thread
 * @returns {import("./delay_monitor.js").Devices}
 */
function devicesOf({ captureMs, soundedMs }) {
  return {
    captureUs: captureMs === null ? null : Math.round(captureMs * 1000),
    soundedUs: soundedMs === null ? null : (soundedMs - performance.timeOrigin) * 1000,
  };
}

guard.onCut = (/** @type {boolean} */ cuts) => toPlayout({ type: "setMuted", muted: cuts });
guard.onDanger = (/** @type {import("./feedback_guard.js").Feedback} */ danger) => tell({ type: "danger", danger });
reader.onFrame = (/** @type {Float32Array} */ samples) => talking.hear(samples, nowUs());
link.onState = onState;
link.onPacket = onPacket;
link.onControl = onControl;
addEventListener("message", ({ data }) => obey(data));
keepPinging();
setInterval(tellFigures, FIGURES_MS);
setInterval(() => {
  const looked = levels.look();
  if (looked) tell({ type: "levels", levels: looked });
}, LEVELS_MS);
loadCodec()
  .then(Encoder.create)
  .then((encoder) => {
    talking.begin(encoder);
    tell({ type: "ready" });
  });
