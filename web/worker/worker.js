// Between the audio worklets and the relay: owns the socket and our own voice. The page's main thread hears
// only what belongs on the screen.
//
//   microphone's track, or capture worklet → (blocks) → Talking → (packets) → Link → relay
//   relay → Link → (packets) → playout worklet

import { Decoder, Encoder, loadCodec } from "../shared/codec.js";
import { PacketError, packetsOf, parsePacket } from "../shared/packet.js";
import { PacketRing } from "../shared/packet_ring.js";
import { TrackReader } from "../shared/track_reader.js";
import { unreachable } from "../shared/unreachable.js";
import { StampClock } from "./connection/steady_clock.js";
import { DelayMonitor } from "./delay/delay_monitor.js";
import { FeedbackGuard } from "./feedback/feedback_guard.js";
import { Link } from "./connection/link.js";
import { OwnPackets } from "./sending/packet_length.js";
import { ProcessingDelay } from "./delay/processing_delay.js";
import { Replay } from "./replay/replay.js";
import { Sender } from "./sending/sender.js";
import { StrongSuppression } from "./sending/strong_suppression.js";
import { SURROUNDINGS } from "./connection/surroundings.js";
import { TalkerLevels } from "./sending/talker_levels.js";

const LEVELS_MS = 100;
const FIGURES_MS = 500;
/** More reminders would not help. */
const MUTED_VOICE_EVERY_MS = 1_000;
/** The hint of a relay to who sends packets that are too short for a crowded room. */
const LONGER_PACKETS = "longer-packets";

/** @typedef {import("../shared/messages.js").Order} Order */
/** @typedef {import("../shared/messages.js").Report} Report */
/** @typedef {import("../shared/control.js").FromRelay} FromRelay */
/**
 * What the worker acts upon.
 * @typedef {"ping" | "pong" | "clock" | "welcome" | "joined" | "left" | "floor" | "relays"} Handled
 */

const link = new Link(SURROUNDINGS);
/** @type {import("../shared/messages.js").OwnState} */
const own = { muted: false, away: false, hand: false, listening: false };
/** How loud each talker is here, by name. @type {Map<string, number>} */
const gains = new Map();
/** @type {Map<number, string>} names by talker */
const names = new Map();
const levels = new TalkerLevels();
const timing = new DelayMonitor();
const guard = new FeedbackGuard();
const reader = new TrackReader();
const processing = new ProcessingDelay();
/** @type {MessagePort | null} */
let playout = null;
/** @type {MessagePort | null} */
let capture = null;
/** When the page last heard that somebody talks while muted. */
let mutedVoiceToldMs = -Infinity;
/** Without it, packets go through the port. @type {PacketRing | null} */
let ring = null;

const nowUs = () => Math.round(performance.now() * 1000);
const suppression = new StrongSuppression(
  async () => (await import("./sending/noise_suppressor.js")).loadNoiseSuppression(),
  () => performance.now(),
);
const talking = new Sender({ link, levels, timing, guard, suppression, nowUs });

/** @type {Encoder | null} */
let ownEncoder = null;

/** @param {number} samples of each packet from the next one on */
function setPacketSamples(samples) {
  reader.frameSamples = samples;
  toCapture({ type: "frameSamples", samples });
}

const packets = new OwnPackets({
  setSamples: (samples) => {
    if (ownEncoder) ownEncoder.prepare(samples, () => setPacketSamples(samples), !talking.isTalking);
    else setPacketSamples(samples);
  },
  situation: () => ({
    members: names.size + 1,
    pieceUnits: reader.pieceUnits,
    needsFrames: talking.isOnAir || suppression.isWanted,
  }),
  onChange: (now) => report({ type: "packets", packets: now }),
});

const stamps = new StampClock();

/** @param {number} ms a recent moment of Date.now(), the only clock that an audio worklet has */
const steadyUs = (ms) => Math.round(stamps.steadyMs(ms) * 1000);

/** @type {(order: import("../shared/worklet_messages.js").PlayoutOrder, moved?: Transferable[]) => void} */
const toPlayout = (order, moved = []) => playout?.postMessage(order, moved);

/** @type {(order: import("../shared/worklet_messages.js").CaptureOrder) => void} */
const toCapture = (order) => capture?.postMessage(order);

/** @param {Report} message */
const report = (message) => postMessage(message);

const replay = new Replay({
  newDecoder: Decoder.create,
  nameOf: (talkerId) => names.get(talkerId),
  gainOf: (name) => gains.get(name) ?? 1,
  play: toPlayout,
  report,
});

/**
 * @param {import("../shared/messages.js").LinkState} state
 * @param {string} reason
 * @param {string} message
 */
function onState(state, reason, message) {
  if (state !== "joined") {
    talking.talkerId = 0;
    guard.reset();
    toPlayout({ type: "clear" });
  }
  if (state === "left" || state === "refused") replay.clear();
  report({ type: "link", state, reason, message });
}

/** @param {ArrayBuffer} data */
function onVoice(data) {
  passingOver(() => packetsOf(new Uint8Array(data)).forEach((bytes) => passingOver(() => onPacket(bytes))));
}

/**
 * @param {() => void} call that meets what is no packet, as of a newer relay: what it carries is not for us
 */
function passingOver(call) {
  try {
    call();
  } catch (error) {
    if (!(error instanceof PacketError)) throw error;
  }
}

/** @param {Uint8Array} bytes a view into what came; a part of it where several came together */
function onPacket(bytes) {
  const packet = parsePacket(bytes);
  levels.update(packet.talkerId, packet);
  guard.onPacket(packet);
  timing.onPacket(packet.talkerId, packet.timestamp, nowUs());
  replay.onPacket(packet, performance.now());
  if (ring) ring.push(bytes);
  else playout?.postMessage(bytes.slice().buffer);
}

/** @param {FromRelay} message */
function onControl(message) {
  replay.onControl(message);
  switch (message.type) {
    case "ping":
      return link.send({ type: "pong", t0: message.t0, t1: nowUs(), t2: nowUs() });
    case "pong":
      timing.onPong(message, nowUs());
      return packets.onPong(timing.clock.roundTripUs, performance.now());
    case "clock":
      return timing.onClock(message, nowUs());
    case "relays":
      return undefined; // the link knows where to go
    case "welcome":
      onWelcome(message);
      break;
    case "joined":
      addTalker(message);
      break;
    case "left":
      removeTalker(message.talker_id);
      break;
    case "floor":
      talking.onFloor(message);
      break;
    case "hint":
      if (message.code === LONGER_PACKETS) return packets.onCrowded(performance.now());
      return forPeople(message);
    default:
      return forPeople(message);
  }
  return report({ type: "control", message });
}

/** @param {Exclude<FromRelay, {type: Handled}>} message that the page shows */
const forPeople = (message) => report({ type: "control", message });

/** @param {{talker_id: number, name: string}} member */
function addTalker({ talker_id, name }) {
  timing.add(talker_id);
  names.set(talker_id, name);
  playTalker(talker_id);
}

/** @param {number} talkerId */
function removeTalker(talkerId) {
  timing.remove(talkerId);
  guard.remove(talkerId);
  names.delete(talkerId);
  toPlayout({ type: "remove", talkerId });
}

/** @param {number} talkerId */
function playTalker(talkerId) {
  toPlayout({ type: "add", talkerId });
  const gain = gains.get(names.get(talkerId) ?? "") ?? 1;
  if (gain !== 1) toPlayout({ type: "setGain", talkerId, gain });
}

/**
 * @param {string} name
 * @param {number} gain
 */
function setGainOfName(name, gain) {
  gains.set(name, gain);
  for (const [talkerId, known] of names) if (known === name) toPlayout({ type: "setGain", talkerId, gain });
}

/** @param {Extract<FromRelay, {type: "welcome"}>} welcome */
function onWelcome(welcome) {
  talking.talkerId = welcome.talker_id;
  timing.restart();
  guard.reset();
  names.clear();
  toPlayout({ type: "clear" });
  for (const member of welcome.members) addTalker(member);
  if (Object.values(own).some(Boolean)) link.send({ type: "state", ...own });
  ping();
}

function reportDelays() {
  const { roundTripUs } = timing.clock;
  report({
    type: "delays",
    roundTripMs: roundTripUs && roundTripUs / 1000,
    figures: timing.figures(nowUs()),
  });
}

function ping() {
  link.send({ type: "ping", t0: nowUs() });
}

function keepPinging() {
  ping();
  setTimeout(keepPinging, timing.clock.pingEveryUs(nowUs()) / 1000);
}

/** @param {Partial<import("../shared/messages.js").OwnState>} change */
function show(change) {
  Object.assign(own, change);
  if (change.away !== undefined) replay.setAway(change.away, performance.now());
  talking.muted = own.muted;
  link.send({ type: "state", ...own });
}

/** @type {(mode: import("../shared/messages.js").TransmitMode, pressed: boolean) => void} */
function setTransmitMode(mode, pressed) {
  replay.talksByButton = mode === "button";
  talking.gate(mode, pressed);
}

/** @param {Order} order */
function obey(order) {
  switch (order.type) {
    case "ports":
      return connect(order);
    case "microphone":
      return hearMicrophone(order);
    case "join":
      show(order.state);
      return link.join(order.url);
    case "state":
      return show(order.change);
    case "sendControl":
      return link.send(order.message);
    case "setTransmitMode":
      return setTransmitMode(order.mode, order.pressed);
    case "setGain":
      return setGainOfName(order.name, order.gain);
    case "setGains":
      return Object.entries(order.gains).forEach(([name, gain]) => setGainOfName(name, gain));
    case "deviceLatency":
      return onDevices(order);
    case "suppressNoise":
      return suppression.switch(order.on);
    case "choosePackets":
      return packets.choose(order.units, performance.now());
    case "acousticTest":
      return onAcousticTest(order.step);
    case "startReplay":
      return replay.start(order.what, performance.now());
    case "stopReplay":
      return replay.stop();
    case "setReplaySpeed":
      return void (replay.speed = order.speed);
    case "leave":
      return link.leave();
    case "reconnectNow":
      return link.hurry();
  }
  return unreachable(order);
}

/** @param {Extract<Order, {type: "microphone"}>} order */
function hearMicrophone({ reading, channels, kind }) {
  if (kind === "beside") return processing.read(reading, nowUs);
  processing.restart(kind === "processed");
  return reader.read(reading, channels);
}

/** @param {"begin" | "chirp" | "echo" | "end"} step */
function onAcousticTest(step) {
  const echo = talking.onAir(step);
  if (echo) report({ type: "chirpEcho", echo });
}

/** @param {import("../shared/messages.js").Ports} ports */
function connect(ports) {
  if (ports.capture) {
    ports.capture.onmessage = ({ data }) => onCaptured(data);
    capture = ports.capture;
  }
  replay.stop();
  ports.playout.onmessage = ({ data }) => onPlaying(data);
  playout = ports.playout;
  ring = ports.memory && new PacketRing(ports.memory);
  timing.onSounded(null);
  for (const talkerId of names.keys()) playTalker(talkerId);
  if (guard.cuts) toPlayout({ type: "setMuted", muted: true });
}

/** @param {import("../shared/worklet_messages.js").Captured} message */
function onCaptured({ samples, channels, atMs }) {
  talking.hear(samples, steadyUs(atMs), channels);
}

/** @param {import("../shared/worklet_messages.js").Playing} message */
function onPlaying({ at, atMs, talkers, replay: waiting }) {
  replay.onPlaying(waiting, performance.now());
  timing.onPlaying({ at, poppedUs: steadyUs(atMs), talkers });
}

/** @param {Extract<Order, {type: "deviceLatency"}>} told by the main thread */
function onDevices({ captureMs, sounded }) {
  timing.captureUs =
    captureMs === null ? null : processing.captureUs(captureMs, reader.pieceUs, performance.now());
  timing.onSounded(sounded && { at: sounded.at, atUs: (sounded.atMs - performance.timeOrigin) * 1000 });
}

guard.onCut = (/** @type {boolean} */ cuts) => toPlayout({ type: "setMuted", muted: cuts });
guard.onDanger = (/** @type {import("../shared/messages.js").Feedback} */ danger) =>
  report({ type: "feedback", feedback: danger });
talking.onMutedVoice = () => {
  const nowMs = performance.now();
  if (nowMs - mutedVoiceToldMs < MUTED_VOICE_EVERY_MS) return;
  mutedVoiceToldMs = nowMs;
  report({ type: "mutedVoice" });
};
suppression.onTrouble = (/** @type {import("../shared/messages.js").SuppressionTrouble} */ trouble) => {
  report({ type: "suppressionTrouble", trouble });
};
processing.onWanted = () => report({ type: "plainMicrophoneWanted" });
reader.onFrame = (/** @type {Float32Array} */ samples, /** @type {number} */ channels) => {
  processing.heard(samples, nowUs());
  talking.hear(samples, nowUs(), channels);
};
link.onState = onState;
link.onSlow = (/** @type {boolean} */ slow) => {
  packets.overHttp = slow;
  report({ type: "slow", slow });
};
link.onPacket = onVoice;
link.onControl = onControl;
addEventListener("message", ({ data }) => obey(data));
keepPinging();
setInterval(reportDelays, FIGURES_MS);
setInterval(() => {
  packets.look(performance.now());
  const looked = levels.look();
  if (looked) report({ type: "levels", levels: looked });
}, LEVELS_MS);
loadCodec()
  .then(Encoder.create)
  .then((encoder) => {
    ownEncoder = encoder;
    talking.begin(encoder);
    report({ type: "ready" });
  });
