// Between the audio worklets and the relay: owns the socket and the encoder. The page's main thread hears only what
// belongs on the screen.
//
//   microphone's track, or capture worklet → (blocks) → Voice → (packets) → Link → relay
//   relay → Link → (packets) → playout worklet

import { SAMPLES_PER_FRAME } from "./audio_format.js";
import { Encoder, loadCodec } from "./codec.js";
import { EchoListener } from "./echo_listener.js";
import { Levels } from "./levels.js";
import { Link } from "./link.js";
import { PacketError, parsePacket } from "./packet.js";
import { SURROUNDINGS } from "./surroundings.js";
import { Timing } from "./timing.js";
import { TrackReader } from "./track_reader.js";
import { Voice } from "./voice.js";

const LEVELS_MS = 50;
const PING_MS = 1_000;
const FIGURES_MS = 500;

/**
 * From the main thread.
 * @typedef {{type: "ports", capture: MessagePort, playout: MessagePort}
 *   | {type: "microphone", reading: import("./track_reader.js").Reading}
 *   | {type: "join", url: string, muted: boolean}
 *   | {type: "mute", muted: boolean}
 *   | {type: "devices", captureMs: number | null, soundedMs: number | null}
 *   | {type: "air", step: "begin" | "chirp" | "echo" | "end"}
 *   | {type: "leave"} | {type: "hurry"}} Order
 */
/**
 * To the main thread.
 * @typedef {{type: "ready"}
 *   | {type: "link", state: import("./link.js").LinkState, reason: string, message: string}
 *   | {type: "control", message: import("./control.js").Message}
 *   | {type: "levels", levels: import("./levels.js").LevelOf}
 *   | {type: "echo", echo: import("./echo_listener.js").Echo}
 *   | {type: "figures", roundTripMs: number | null, figures: [number, import("./mouth_to_ear.js").Figure][]}} Report
 */

const link = new Link(SURROUNDINGS);
const levels = new Levels();
const timing = new Timing();
const reader = new TrackReader();
/** @type {MessagePort | null} */
let playout = null;
/** @type {Voice | null} */
let voice = null;
/** While mouth to ear is measured in the air. @type {EchoListener | null} */
let echoes = null;
let muted = false;
let talkerId = 0;
let position = 0;

const nowUs = () => Math.round(performance.now() * 1000);

/**
 * A moment of Date.now(), the only clock that an audio worklet has, by ours; it has to be a recent one.
 * @param {number} ms
 */
const steadyUs = (ms) => nowUs() + Math.round((ms - Date.now()) * 1000);

/** @param {Report} report */
const tell = (report) => postMessage(report);

/**
 * @param {import("./link.js").LinkState} state
 * @param {string} reason
 * @param {string} message
 */
function onState(state, reason, message) {
  if (state !== "joined") {
    talkerId = 0;
    playout?.postMessage({ clear: true });
  }
  tell({ type: "link", state, reason, message });
}

/** @param {ArrayBuffer} data */
function onPacket(data) {
  try {
    const packet = parsePacket(new Uint8Array(data));
    levels.heard(packet.talkerId, packet.level);
    timing.arrived(packet.talkerId, packet.timestamp, nowUs());
    playout?.postMessage(data, [data]);
  } catch (error) {
    if (!(error instanceof PacketError)) throw error; // of a newer relay: what it carries is not for us
  }
}

/** @param {import("./control.js").Message} message */
function onControl(message) {
  switch (message.type) {
    case "welcome":
      onWelcome(message);
      break;
    case "joined":
      timing.add(message.talker_id);
      playout?.postMessage({ add: message.talker_id });
      break;
    case "left":
      timing.remove(message.talker_id);
      playout?.postMessage({ remove: message.talker_id });
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
  }
  tell({ type: "control", message });
}

/** @param {import("./control.js").Message} welcome */
function onWelcome(welcome) {
  talkerId = welcome.talker_id;
  timing.restart();
  playout?.postMessage({ clear: true });
  for (const member of welcome.members) {
    timing.add(member.talker_id);
    playout?.postMessage({ add: member.talker_id });
  }
  if (muted) link.send({ type: "state", muted });
  ping();
}

/**
 * @param {Float32Array} samples a block from the microphone
 * @param {number} atUs
 */
function onBlock(samples, atUs) {
  if (!voice) return;
  const first = position;
  position += SAMPLES_PER_FRAME;
  timing.captured(position, atUs);
  const packet = voice.packet(echoes?.push(samples) ?? samples, first);
  if (!talkerId) return;
  levels.heard(talkerId, voice.level);
  if (!packet) return;
  link.sendPacket(packet);
  const clock = timing.clockMessage(first, nowUs());
  if (clock) link.send(clock);
}

function tellFigures() {
  const { roundTripUs } = timing.clock;
  tell({ type: "figures", roundTripMs: roundTripUs && roundTripUs / 1000, figures: timing.figures(nowUs()) });
}

function ping() {
  link.send({ type: "ping", t0: nowUs() });
}

/** @param {Order} order */
function obey(order) {
  switch (order.type) {
    case "ports":
      connect(order);
      break;
    case "microphone":
      reader.read(order.reading);
      break;
    case "join":
      setMuted(order.muted);
      link.join(order.url);
      break;
    case "mute":
      setMuted(order.muted);
      link.send({ type: "state", muted });
      break;
    case "devices":
      timing.devices = devicesOf(order);
      break;
    case "air":
      onAir(order.step);
      break;
    case "leave":
      link.leave();
      break;
    case "hurry":
      link.hurry();
      break;
  }
}

/** @param {"begin" | "chirp" | "echo" | "end"} step */
function onAir(step) {
  if (step === "begin") echoes = new EchoListener();
  else if (step === "end") echoes = null;
  else if (step === "chirp") echoes?.open();
  else if (echoes) tell({ type: "echo", echo: echoes.pop() });
}

/** @param {{capture: MessagePort, playout: MessagePort}} ports of the worklets */
function connect(ports) {
  ports.capture.onmessage = ({ data }) => onBlock(data.samples, steadyUs(data.atMs));
  ports.playout.onmessage = ({ data }) => timing.onPlaying({ ...data, poppedUs: steadyUs(data.atMs) });
  playout = ports.playout;
}

/**
 * @param {{captureMs: number | null, soundedMs: number | null}} told by the main thread
 * @returns {import("./timing.js").Devices}
 */
function devicesOf({ captureMs, soundedMs }) {
  return {
    captureUs: captureMs === null ? null : Math.round(captureMs * 1000),
    soundedUs: soundedMs === null ? null : (soundedMs - performance.timeOrigin) * 1000,
  };
}

/** @param {boolean} value */
function setMuted(value) {
  muted = value;
  if (voice) voice.muted = value;
}

reader.onFrame = (/** @type {Float32Array} */ samples) => onBlock(samples, nowUs());
link.onState = onState;
link.onPacket = onPacket;
link.onControl = onControl;
addEventListener("message", ({ data }) => obey(data));
setInterval(ping, PING_MS);
setInterval(tellFigures, FIGURES_MS);
setInterval(() => {
  const looked = levels.look();
  if (looked) tell({ type: "levels", levels: looked });
}, LEVELS_MS);
loadCodec()
  .then(Encoder.create)
  .then((encoder) => {
    voice = new Voice(encoder);
    voice.muted = muted;
    tell({ type: "ready" });
  });
