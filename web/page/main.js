// The page: brings screen, sound, microphone and worker together, and decides what happens when something is pressed.

import { ECHO_ROOM, parseFragment, serializeFragment, socketUrl } from "../shared/room_link.js";
import { element } from "../ui/dom.js";
import { load, save } from "../ui/storage.js";
import { sayCount, t, wordsFor } from "../ui/text.js";
import { AcousticTest } from "./acoustic_test.js";
import { AudioGraph } from "./audio_graph.js";
import { Together } from "./chat_panel.js";
import { Delays } from "./delay_view.js";
import { Details } from "./details.js";
import { Engine } from "./engine.js";
import { FeedbackAlert } from "./feedback_alert.js";
import { Headset } from "./headset.js";
import { fragmentAsked, install, rememberFragment } from "./installation.js";
import { PageLifecycle } from "./lifecycle.js";
import { LocalAudio } from "./local_audio.js";
import { Roster } from "./roster.js";
import { RosterView } from "./roster_view.js";
import { SettingsController } from "./settings_controller.js";
import { joinUnattended } from "./unattended.js";
import { View } from "./view.js";

const DEVICES_MS = 200;

class Page {
  #screen = new View();
  #engine = new Engine(new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" }));
  #sound = this.#engine.sound;
  /** @type {(order: import("../worker/worker.js").Order) => void} */
  #order = (order) => this.#engine.order(order);
  #loaded = this.#engine.loaded;
  #roster = new Roster();
  #address = parseFragment(fragmentAsked());
  #voice = new LocalAudio({
    screen: this.#screen,
    sound: this.#sound,
    order: this.#order,
    loaded: this.#loaded,
  });
  #choosing = new SettingsController(this.#voice, this.#sound);
  #guard = new FeedbackAlert(element("guard", HTMLElement), this.#voice, this.#sound);
  #headset = new Headset();
  #delays = new Delays();
  #members = new RosterView({ screen: this.#screen, roster: this.#roster, order: this.#order });
  #details = new Details(this.#screen, this.#sound, this.#roster);
  #together = new Together({
    order: this.#order,
    roster: this.#roster,
    linkWith: (key) => `${location.origin}/${serializeFragment({ room: this.#roster.room, key, name: "", auto: false })}`,
    onChange: () => this.#showMembers(),
    tell: (words) => this.#screen.showStatus(words),
    busy: () => this.#sound.busy(),
    isTalking: () => this.#voice.controls.open,
  });
  #presence = new PageLifecycle({
    screen: this.#screen,
    sound: this.#sound,
    voice: this.#voice,
    order: this.#order,
  });
  #air = new AcousticTest({
    screen: this.#screen,
    sound: this.#sound,
    order: this.#order,
    openMicrophone: async (processing) => {
      if (this.#screen.state !== "start") await this.#voice.open(processing);
    },
  });

  constructor() {
    const screen = this.#screen;
    screen.onJoin = (wish) => this.#join(wish);
    screen.onLeave = () => this.#leave();
    screen.onPress = (atMs) => this.#voice.press(atMs);
    screen.onRelease = (atMs) => this.#voice.release(atMs);
    screen.onToggle = () => this.#voice.toggle();
    this.#headset.onPress = () => this.#voice.toggle();
    screen.onHostAct = (act, talkerId) => this.#together.act(act, talkerId);
    screen.onTryMicrophone = () => this.#voice.tryAgain(this.#choosing.processing);
    screen.onAir = () => this.#air.press(this.#roster.others, this.#voice.silent, this.#choosing.processing);
    this.#voice.onChange = () => this.#showMembers();
    this.#engine.onReport = (report) => this.#onReport(report);
    addEventListener("hashchange", () => this.#onAddress());
    addEventListener("pagehide", () => this.#leave());
    setInterval(() => this.#tellDevices(), DEVICES_MS);
    screen.showName(load("name"));
    screen.showState("start");
    this.#onAddress();
    this.#loaded.catch((error) => screen.showProblem(t("failed", { message: String(error) })));
  }

  /**
   * Resuming the sound and asking for the microphone come first: browsers allow both only while a press is fresh.
   * @param {import("./view.js").Wish} wish
   */
  async #join({ name, room }) {
    this.#address = { ...this.#address, room, key: room === ECHO_ROOM ? "" : this.#address.key };
    this.#sound.resume();
    this.#screen.showProblem("");
    const microphone = this.#voice.open(this.#choosing.processing);
    save("name", name);
    this.#screen.showState("joining");
    this.#screen.showStatus(t("askingMicrophone"));
    try {
      await Promise.all([microphone, this.#loaded]);
    } catch (error) {
      this.#stop(t("failed", { message: String(error) }));
      return;
    }
    if (this.#screen.state !== "joining") return; // left while the browser asked for the microphone
    const url = socketUrl(location.origin, this.#address, name);
    this.#choosing.useLoudspeaker();
    this.#order({ type: "join", url, muted: this.#voice.silent });
  }

  #leave() {
    if (this.#screen.state !== "start") this.#order({ type: "leave" });
  }

  /**
   * Back to the start.
   * @param {string} problem what to do about it; empty where all is well
   */
  #stop(problem) {
    this.#voice.close();
    this.#headset.listening = false;
    this.#presence.joined = false;
    this.#sound.suspend();
    this.#screen.showState("start");
    this.#air.stop("");
    this.#together.clear();
    this.#guard.close();
    this.#screen.showStatus(problem ? "" : t("left"));
    this.#screen.showProblem(problem);
  }

  #onAddress() {
    if (this.#screen.state !== "start") return;
    this.#address = parseFragment(fragmentAsked());
    this.#choosing.linked = this.#address;
    this.#screen.showRoom(this.#address.room);
    if (this.#address.name) this.#screen.showName(this.#address.name);
    if (this.#address.auto) joinUnattended(this.#screen, this.#sound);
  }

  /** @param {import("../worker/worker.js").Report} report */
  #onReport(report) {
    switch (report.type) {
      case "link":
        this.#onLink(report);
        break;
      case "control":
        this.#onControl(report.message);
        break;
      case "levels":
        this.#screen.showLevels(report.levels, this.#roster.talking(report.levels));
        break;
      case "danger":
        this.#guard.show(report.danger, this.#roster.others);
        break;
      case "figures":
        this.#details.roundTripMs = report.roundTripMs;
        this.#screen.showDelays(...this.#delays.add(report.figures, this.#roster.others));
        break;
      case "echo":
        this.#air.onEcho(report.echo);
        break;
    }
  }

  /** @param {{state: import("../worker/link.js").LinkState, reason: string, message: string}} link */
  #onLink({ state, reason, message }) {
    switch (state) {
      case "connecting":
        this.#screen.showStatus(t("connecting"));
        break;
      case "lost":
        if (this.#screen.state === "joined") this.#screen.showState("lost");
        this.#air.stop(t("airStopped"));
        this.#screen.showStatus(wordsFor(reason, message));
        break;
      case "left":
        this.#stop("");
        break;
      case "refused":
        this.#stop(wordsFor(reason, message));
        break;
    }
  }

  /** @param {import("../shared/control.js").Message} message */
  #onControl(message) {
    const member = this.#roster.apply(message);
    const others = this.#roster.others;
    const people = sayCount("people", others.length + 1);
    if (message.type === "welcome") this.#onWelcome();
    else if (message.type === "joined" && member) this.#screen.showStatus(t("cameIn", { name: member.name, people }));
    else if (message.type === "left" && member) this.#screen.showStatus(t("wentOut", { name: member.name, people }));
    else if (message.type === "notice") this.#screen.showStatus(wordsFor(message.code, message.message));
    else if (message.type === "mute") this.#onAskedForSilence(message.talker_id);
    this.#together.onControl(message);
    this.#members.tellVolumes();
    this.#showMembers();
  }

  #onWelcome() {
    const { room, others } = this.#roster;
    history.replaceState(null, "", serializeFragment({ ...this.#address, room }));
    rememberFragment();
    this.#screen.showRoom(room);
    this.#screen.showState("joined");
    this.#presence.joined = true;
    if (room === ECHO_ROOM) this.#screen.showStatus(t("withEcho"));
    else this.#screen.showStatus(others.length === 0 ? t("alone") : sayCount("people", others.length + 1));
  }

  #showMembers() {
    const { silent, hasMicrophone, controls } = this.#voice;
    this.#air.look(this.#roster.others, silent);
    this.#screen.showControls(controls);
    this.#headset.listening = controls.pushToTalk && hasMicrophone;
    this.#members.show({ muted: silent, hand: this.#together.handRaised, hasMicrophone });
  }

  /** @param {number} talkerId of the host */
  #onAskedForSilence(talkerId) {
    this.#voice.mute(true);
    this.#screen.showStatus(t("askedForSilence", { name: this.#roster.nameOf(talkerId) }));
  }

  #tellDevices() {
    if (this.#screen.state !== "joined") return;
    this.#order({ type: "devices", captureMs: this.#voice.latencyMs, soundedMs: this.#sound.soundedMs });
  }
}

if (!isSecureContext) new View().showUnusable(t("insecure"));
else if (!AudioGraph.supported) new View().showUnusable(t("unsupported"));
else new Page();
install();
