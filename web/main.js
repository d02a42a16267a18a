// The page: brings screen, sound, microphone and worker together, and decides what happens when something is pressed.

import { ECHO_ROOM, parseFragment, socketUrl } from "./address.js";
import { AirTest } from "./air_test.js";
import { Delays } from "./delay_view.js";
import { Details } from "./details.js";
import { MICROPHONE_WORDS, Microphone, MicrophoneError } from "./microphone.js";
import { rememberName, rememberedName } from "./remembered_name.js";
import { Roster } from "./roster.js";
import { Sound } from "./sound.js";
import { say, sayCount } from "./text.js";
import { Screen, wordsFor } from "./ui.js";

const DEVICES_MS = 200;

class Page {
  #screen = new Screen();
  #worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  #sound = new Sound();
  #loaded = this.#load();
  #roster = new Roster();
  #address = parseFragment(location.hash);
  #microphone = new Microphone();
  #delays = new Delays();
  #details = new Details(this.#screen, this.#sound, this.#roster);
  #air = new AirTest({
    screen: this.#screen,
    sound: this.#sound,
    order: (order) => this.#order(order),
    openMicrophone: async (processing) => {
      if (this.#screen.state !== "start") await this.#openMicrophone(processing);
    },
  });

  constructor() {
    const screen = this.#screen;
    screen.onJoin = (wish) => this.#join(wish);
    screen.onLeave = () => this.#leave();
    screen.onMute = () => this.#mute(!this.#microphone.muted);
    screen.onTryMicrophone = () => this.#tryMicrophone();
    screen.onAir = () => this.#air.press(this.#roster.others, this.#isSilent, this.#address.processing);
    this.#microphone.onTaken = () => this.#onMicrophoneTaken();
    this.#sound.onReading = (reading) => this.#order({ type: "microphone", reading }, [reading]);
    this.#worker.addEventListener("message", ({ data }) => this.#onReport(data));
    addEventListener("hashchange", () => this.#onAddress());
    for (const event of ["online", "visibilitychange"]) addEventListener(event, () => this.#order({ type: "hurry" }));
    addEventListener("pagehide", () => this.#leave());
    setInterval(() => this.#tellDevices(), DEVICES_MS);
    screen.showName(rememberedName());
    screen.showRoom(this.#address.room);
    screen.showState("start");
    this.#loaded.catch((error) => screen.showProblem(say("failed", { message: String(error) })));
  }

  async #load() {
    const ready = new Promise((resolve) => {
      this.#worker.addEventListener("message", ({ data }) => data.type === "ready" && resolve(data));
      this.#worker.addEventListener("error", () => resolve(null));
    });
    await Promise.all([ready, this.#sound.load()]);
    const ports = this.#sound.connectWorker();
    this.#order({ type: "ports", ...ports }, Object.values(ports));
  }

  /**
   * Resuming the sound and asking for the microphone come first: browsers allow both only while a press is fresh.
   * @param {import("./ui.js").Wish} wish
   */
  async #join({ name, room }) {
    this.#address = { ...this.#address, room, key: room === ECHO_ROOM ? "" : this.#address.key };
    this.#sound.resume();
    this.#screen.showProblem("");
    const microphone = this.#openMicrophone();
    rememberName(name);
    this.#screen.showState("joining");
    this.#screen.showStatus(say("askingMicrophone"));
    try {
      await Promise.all([microphone, this.#loaded]);
    } catch (error) {
      this.#stop(say("failed", { message: String(error) }));
      return;
    }
    if (this.#screen.state !== "joining") return; // left while the browser asked for the microphone
    const url = socketUrl(location.origin, this.#address, name);
    this.#order({ type: "join", url, muted: this.#isSilent });
  }

  /** Opens the microphone, or says why there is none; then one can still listen. */
  async #openMicrophone(processing = this.#address.processing) {
    try {
      await this.#microphone.open(processing);
      await this.#loaded;
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      if (this.#screen.state === "start") return; // left in the meantime
      this.#screen.showProblem(say(MICROPHONE_WORDS[error.problem]), { microphone: true });
      return;
    }
    if (this.#screen.state === "start") this.#microphone.close();
    else this.#sound.listenTo(this.#microphone.stream);
  }

  async #tryMicrophone() {
    this.#screen.showProblem("");
    await this.#openMicrophone();
    this.#mute(false);
  }

  #onMicrophoneTaken() {
    this.#sound.listenTo(null);
    this.#screen.showProblem(say("microphoneBusy"), { microphone: true });
    this.#mute(this.#microphone.muted);
  }

  /** @param {boolean} muted */
  #mute(muted) {
    this.#microphone.muted = muted;
    this.#order({ type: "mute", muted: this.#isSilent });
    this.#showMembers();
  }

  get #isSilent() {
    return this.#microphone.muted || this.#microphone.stream === null;
  }

  #leave() {
    if (this.#screen.state !== "start") this.#order({ type: "leave" });
  }

  /**
   * Back to the start.
   * @param {string} problem what to do about it; empty where all is well
   */
  #stop(problem) {
    this.#sound.listenTo(null);
    this.#microphone.close();
    this.#microphone.muted = false;
    this.#sound.suspend();
    this.#screen.showState("start");
    this.#air.stop("");
    this.#screen.showStatus(problem ? "" : say("left"));
    this.#screen.showProblem(problem);
  }

  #onAddress() {
    if (this.#screen.state !== "start") return;
    this.#address = parseFragment(location.hash);
    this.#screen.showRoom(this.#address.room);
  }

  /** @param {import("./worker.js").Report} report */
  #onReport(report) {
    switch (report.type) {
      case "link":
        this.#onLink(report);
        break;
      case "control":
        this.#onControl(report.message);
        break;
      case "levels":
        this.#screen.showLevels(report.levels);
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

  /** @param {{state: import("./link.js").LinkState, reason: string, message: string}} link */
  #onLink({ state, reason, message }) {
    switch (state) {
      case "connecting":
        this.#screen.showStatus(say("connecting"));
        break;
      case "lost":
        if (this.#screen.state === "joined") this.#screen.showState("lost");
        this.#air.stop(say("airStopped"));
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

  /** @param {import("./control.js").Message} message */
  #onControl(message) {
    const member = this.#roster.apply(message);
    const others = this.#roster.others;
    const people = sayCount("people", others.length + 1);
    if (message.type === "welcome") this.#onWelcome();
    else if (message.type === "joined" && member) this.#screen.showStatus(say("cameIn", { name: member.name, people }));
    else if (message.type === "left" && member) this.#screen.showStatus(say("wentOut", { name: member.name, people }));
    else if (message.type === "notice") this.#screen.showStatus(message.message);
    this.#showMembers();
  }

  #onWelcome() {
    const { room, others } = this.#roster;
    const { key } = this.#address;
    history.replaceState(null, "", `#${new URLSearchParams({ room, ...(key && { key }) })}`);
    this.#screen.showRoom(room);
    this.#screen.showState("joined");
    if (room === ECHO_ROOM) this.#screen.showStatus(say("withEcho"));
    else this.#screen.showStatus(others.length === 0 ? say("alone") : sayCount("people", others.length + 1));
  }

  #showMembers() {
    const { talkerId, name, others } = this.#roster;
    const heard = this.#microphone.stream !== null;
    this.#air.look(others, this.#isSilent);
    this.#screen.showMuted(this.#microphone.muted, heard);
    this.#screen.showRoster([
      { talkerId, name, muted: this.#isSilent, own: true, note: this.#isSilent ? say(heard ? "muted" : "listening") : "" },
      ...others.map((member) => ({ ...member, own: false, note: member.muted ? say("muted") : "" })),
    ]);
  }

  #tellDevices() {
    if (this.#screen.state !== "joined") return;
    this.#order({ type: "devices", captureMs: this.#microphone.latencyMs, soundedMs: this.#sound.soundedMs });
  }

  /**
   * @param {import("./worker.js").Order} order
   * @param {Transferable[]} [transfer]
   */
  #order(order, transfer = []) {
    this.#worker.postMessage(order, transfer);
  }
}

if (!isSecureContext) new Screen().showUnusable(say("insecure"));
else if (!Sound.supported) new Screen().showUnusable(say("unsupported"));
else new Page();
