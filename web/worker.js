// Between the audio worklets and the relay: owns the socket and the encoder. The page's main thread hears only what
// belongs on the screen.
//
//   capture worklet → (blocks) → Voice → (packets) → Link → relay
//   relay → Link → (packets) → playout worklet

import { SAMPLES_PER_FRAME } from "./audio_format.js";
import { CaptureClock, RelayClock } from "./clock.js";
import { Encoder, loadCodec } from "./codec.js";
import { Levels } from "./levels.js";
import { Link } from "./link.js";
import { PacketError, parsePacket } from "./packet.js";
import { Voice } from "./voice.js";

const LEVELS_MS = 50;
const PING_MS = 1_000;
const CLOCK_MS = 2_000;

/**
 * From the main thread.
 * @typedef {{type: "ports", capture: MessagePort, playout: MessagePort}
 *   | {type: "join", url: string, muted: boolean}
 *   | {type: "mute", muted: boolean}
 *   | {type: "leave"} | {type: "hurry"}} Order
 */
/**
 * To the main thread.
 * @typedef {{type: "ready"}
 *   | {type: "link", state: import("./link.js").LinkState, reason: string, message: string}
 *   | {type: "control", message: import("./control.js").Message}
 *   | {type: "levels", levels: import("./levels.js").LevelOf}
 *   | {type: "roundTrip", roundTripMs: number}} Report
 */

const link = new Link({
  open: (url, protocol) => new WebSocket(url, protocol),
  fetch: (url) => fetch(url, { cache: "no-store" }),
  later: (call, ms) => setTimeout(call, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
});
const levels = new Levels();
const captureClock = new CaptureClock();
let relayClock = new RelayClock();
/** @type {MessagePort | null} */
let playout = null;
/** @type {Voice | null} */
let voice = null;
let muted = false;
let talkerId = 0;
let position = 0;
let clockToldUs = -Infinity;

const nowUs = () => Math.round(performance.now() * 1000);

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
      playout?.postMessage({ add: message.talker_id });
      break;
    case "left":
      playout?.postMessage({ remove: message.talker_id });
      break;
    case "ping":
      link.send({ type: "pong", t0: message.t0, t1: nowUs(), t2: nowUs() });
      return;
    case "pong":
      relayClock.pong(message.t0, message.t1, message.t2, nowUs());
      tell({ type: "roundTrip", roundTripMs: (relayClock.roundTripUs ?? 0) / 1000 });
      return;
  }
  tell({ type: "control", message });
}

/** @param {import("./control.js").Message} welcome */
function onWelcome(welcome) {
  talkerId = welcome.talker_id;
  relayClock = new RelayClock();
  clockToldUs = -Infinity;
  playout?.postMessage({ clear: true });
  for (const member of welcome.members) playout?.postMessage({ add: member.talker_id });
  if (muted) link.send({ type: "state", muted });
  ping();
}

/** @param {Float32Array} samples a block from the microphone */
function onBlock(samples) {
  if (!voice) return;
  const packet = voice.packet(samples, position);
  position += SAMPLES_PER_FRAME;
  captureClock.heard(position, nowUs());
  if (!talkerId) return;
  levels.heard(talkerId, voice.level);
  if (!packet) return;
  link.sendPacket(packet);
  if (nowUs() - clockToldUs >= CLOCK_MS * 1000) tellClock();
}

function tellClock() {
  const serverUs = relayClock.relayUs(captureClock.capturedUs(position));
  if (serverUs === null) return;
  clockToldUs = nowUs();
  link.send({ type: "clock", timestamp: position % 2 ** 32, server_us: serverUs });
}

function ping() {
  link.send({ type: "ping", t0: nowUs() });
}

/** @param {Order} order */
function obey(order) {
  switch (order.type) {
    case "ports":
      order.capture.onmessage = ({ data }) => onBlock(data);
      playout = order.playout;
      break;
    case "join":
      setMuted(order.muted);
      link.join(order.url);
      break;
    case "mute":
      setMuted(order.muted);
      link.send({ type: "state", muted });
      break;
    case "leave":
      link.leave();
      break;
    case "hurry":
      link.hurry();
      break;
  }
}

/** @param {boolean} value */
function setMuted(value) {
  muted = value;
  if (voice) voice.muted = value;
}

link.onState = onState;
link.onPacket = onPacket;
link.onControl = onControl;
addEventListener("message", ({ data }) => obey(data));
setInterval(ping, PING_MS);
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
