// One call, from pressing Join to leaving: the microphone, the connection, and back to the start. What
// happens inside of the room is room.js.

import { ECHO_ROOM, folderOf, socketUrl } from "../shared/room_link.js";
import { readingOf } from "../shared/track_reader.js";
import { unreachable } from "../shared/unreachable.js";
import { save } from "../ui/storage.js";
import { t, wordsFor } from "../ui/text.js";
import { hostKey } from "./host/host_key.js";
import { Sheet } from "./sheets/sheet.js";
import { isOfCaptions } from "./words/captions.js";
import { Fact } from "./words/facts.js";

/** @typedef {import("../shared/messages.js").Report} Report */
/** @typedef {import("../shared/room_link.js").RoomLink} RoomLink */
/** @typedef {"start" | "joining" | "joined" | "lost"} State */

/**
 * @typedef {object} Parts
 * @property {import("./engine.js").Engine} engine
 * @property {import("./room.js").Room} room
 * @property {import("./talk/local_audio.js").LocalAudio} voice
 * @property {import("./door/door.js").Door} door
 * @property {import("./room_view.js").RoomView} view
 * @property {import("./sheets/lost_sheet.js").LostSheet} lost
 * @property {import("./words/toasts.js").Toasts} toasts
 * @property {import("./sound/cues.js").Cues} cues
 * @property {import("./settings/settings_controller.js").SettingsController} settings
 * @property {import("./talk/feedback_alert.js").FeedbackAlert} feedback
 * @property {import("./settings/acoustic_test.js").AcousticTest} acoustic
 * @property {import("./people/roster.js").Roster} roster
 * @property {import("./words/captions.js").Captions} captions
 * @property {import("./words/replay_view.js").ReplayView} replay
 */

/** Refusals after which one may ask the host to be let in. */
const MAY_KNOCK = new Set(["locked", "barred", "removed"]);

/** Two sentences, for whoever reads slowly. */
const SLOW_PATH_SHOWN_MS = 15_000;

export class Call {
  #parts;
  #slowPath = new Fact("slow-path", "slow-path-note");
  /** @type {State} */
  #state = "start";
  /**
   * The page's state has changed: the lock screen, the wake lock and others want to know.
   * @type {(state: State) => void}
   */
  onState = () => {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    parts.engine.onReport = (report) => this.#onReport(report);
  }

  get state() {
    return this.#state;
  }

  /**
   * Resuming the sound and asking for the microphone come first: browsers allow both only while a press is
   * fresh.
   * @param {{name: string, listen: boolean, resume?: string}} wish `resume` is what a host let us in by
   */
  async join({ name, listen, resume = "" }) {
    const { engine, voice, door, settings, room } = this.#parts;
    room.listensByChoice = listen;
    engine.sound.resume();
    door.showProblem("");
    this.#setState("joining"); // ends the meter, which would decide how the microphone is processed
    const microphone = listen ? null : voice.open(settings.processing);
    save("name", name);
    if (!listen && !voice.hasMicrophone) door.showWaiting(t("askingMicrophone"));
    try {
      await Promise.all([microphone, engine.loaded]);
    } catch (error) {
      this.#stop(t("failed", { message: String(error) }));
      return;
    }
    // left while the browser asked for the microphone
    if (this.#state !== "joining") return;
    settings.useLoudspeaker();
    const asked = room.link;
    const token = asked.room === ECHO_ROOM ? "" : asked.token;
    const key = asked.room === ECHO_ROOM || token ? "" : hostKey() || asked.key;
    const link = { room: asked.room, key, token, resume, listen, leaveOut: door.leavesOut };
    const url = socketUrl(location.href, link, name);
    room.recording.begin(door.leavesOut);
    engine.order({ type: "join", url, state: { muted: voice.silent, hand: false, listening: listen } });
  }

  leave() {
    if (this.#state !== "start") this.#parts.engine.order({ type: "leave" });
  }

  reconnectNow() {
    this.#parts.engine.order({ type: "reconnectNow" });
  }

  /** @param {State} state */
  #setState(state) {
    this.#state = state;
    document.body.dataset.state = state;
    const { door, view } = this.#parts;
    const inside = state === "joined" || state === "lost";
    door.busy = state === "joining";
    door.visible = !inside;
    view.visible = inside;
    this.onState(state);
  }

  /**
   * Back to the start.
   * @param {string} problem what to do about it; empty where all is well
   * @param {string} [howLink] where a device that does not trust the relay learns how
   */
  #stop(problem, howLink = "") {
    const { voice, engine, door, lost, toasts, feedback, acoustic, room } = this.#parts;
    const wasInside = this.#state === "joined" || this.#state === "lost";
    Sheet.closeAll();
    lost.close();
    voice.close();
    engine.sound.suspend();
    acoustic.stop("");
    feedback.close();
    this.#parts.captions.clear();
    room.clear();
    this.#setState("start");
    door.showProblem(problem, howLink);
    if (wasInside) door.focus();
    if (wasInside && !problem) toasts.say(t("left"));
  }

  /** @param {Extract<Report, {type: "control"}>["message"]} said by the relay */
  #onControl(said) {
    const { room, captions, roster, engine } = this.#parts;
    if (isOfCaptions(said)) return captions.onMessage(said);
    if (said.type === "welcome") captions.onWelcome(said);
    room.onControl(said);
    engine.sound.alone = roster.others.length === 0 && room.link.room !== ECHO_ROOM;
    return said.type === "welcome" ? this.#onInside() : undefined;
  }

  /** @param {Report} report */
  #onReport(report) {
    const { room, feedback, acoustic, roster, replay, settings } = this.#parts;
    switch (report.type) {
      case "ready":
        // the engine waits for it
        return undefined;
      case "link":
        return this.#onLink(report);
      case "control":
        return this.#onControl(report.message);
      case "levels":
        return room.onLevels(report.levels);
      case "mutedVoice":
        return room.onMutedVoice();
      case "plainMicrophoneWanted":
        return void this.#lendPlainMicrophone();
      case "feedback":
        return feedback.show(report.feedback, roster.others);
      case "delays":
        return room.onDelays(report);
      case "slow":
        return this.#showSlow(report.slow);
      case "suppressionTrouble":
        return settings.onSuppressionTrouble(report.trouble);
      case "packets":
        return settings.onPackets(report.packets);
      case "chirpEcho":
        return acoustic.onEcho(report.echo);
      case "replay":
      case "nothingToReplay":
      case "missed":
        return replay.onReport(report);
    }
    return unreachable(report);
  }

  /** To the worker, which hears by it how much later a processed voice is. */
  async #lendPlainMicrophone() {
    const { engine, voice } = this.#parts;
    const track = await voice.plainTrack();
    const reading = track && readingOf(track);
    if (reading) engine.order({ type: "microphone", reading, channels: 1, kind: "beside" }, [reading]);
  }

  /** @param {boolean} slow whether the voice takes plain HTTP, since no WebSocket gets through */
  #showSlow(slow) {
    if (slow && !this.#slowPath.isOn)
      this.#parts.toasts.show({ words: t("slowPath"), lastsMs: SLOW_PATH_SHOWN_MS });
    this.#slowPath.isOn = slow;
  }

  #onInside() {
    const { view, toasts, room } = this.#parts;
    // else it is back, or at another relay
    const isFirst = this.#state === "joining";
    this.#setState("joined");
    if (isFirst) view.focus();
    if (isFirst && room.link.room === ECHO_ROOM) toasts.show({ words: t("withEcho") });
  }

  /** @param {Extract<Report, {type: "link"}>} link */
  #onLink({ state, reason, message }) {
    switch (state) {
      case "connecting":
        return this.#parts.door.showWaiting(t("connecting"));
      case "joined":
        return this.#onConnected();
      case "lost":
        return this.#onLost(reason, message);
      case "left":
        return this.#stop("");
      case "refused":
        this.#stop(wordsFor(reason, message), howLinkFor(reason));
        if (MAY_KNOCK.has(reason)) this.#parts.door.showWay("knock");
        return undefined;
    }
    return unreachable(state);
  }

  #onConnected() {
    const { lost, cues, toasts } = this.#parts;
    if (!lost.close()) return;
    cues.play("back");
    toasts.show({ words: t("connectedAgain") });
  }

  /**
   * @param {string} reason
   * @param {string} message
   */
  #onLost(reason, message) {
    const { lost, acoustic, door } = this.#parts;
    if (this.#state === "joined") this.#setState("lost");
    acoustic.stop(t("airStopped"));
    const words = reason === "lost" ? "" : wordsFor(reason, message);
    if (this.#state === "lost") lost.show(words, howLinkFor(reason));
    else door.showProblem(words || t("unreachable"), howLinkFor(reason));
  }
}

/**
 * Where a device learns to trust the relay: the plain-HTTP page on the same port, which leads back here.
 * @param {string} reason
 */
function howLinkFor(reason) {
  // else that page is a proxy's, which has its own certificate
  const isOwnSite = new URL(folderOf(location.href)).pathname === "/";
  return reason === "blocked" && location.protocol === "https:" && isOwnSite
    ? `http://${location.host}/${location.hash}`
    : "";
}
