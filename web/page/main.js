// The page: makes its parts, and connects what is pressed with what it does.

import { ECHO_ROOM, folderOf, linkOf, parseFragment } from "../shared/room_link.js";
import { element, fillFixedWords, setText } from "../ui/dom.js";
import { load } from "../ui/storage.js";
import { t, wordsFor } from "../ui/text.js";
import { Call } from "./call.js";
import { Door } from "./door/door.js";
import { fragmentAsked, install } from "./door/installation.js";
import { RecentPresence, RecentRooms } from "./door/recent_rooms.js";
import { knock, previewRoom } from "./door/room_preview.js";
import { joinUnattended } from "./door/unattended.js";
import { Engine } from "./engine.js";
import { hostKey } from "./host/host_key.js";
import { HostPanel } from "./host/host_panel.js";
import { Invitation } from "./host/invitation.js";
import { InviteSheet } from "./host/invite_sheet.js";
import { Lifecycle } from "./lifecycle.js";
import { Roster } from "./people/roster.js";
import { Room } from "./room.js";
import { RoomView } from "./room_view.js";
import { AcousticTest } from "./settings/acoustic_test.js";
import { Details } from "./settings/details.js";
import { SettingsController } from "./settings/settings_controller.js";
import { LostSheet } from "./sheets/lost_sheet.js";
import { Question } from "./sheets/question.js";
import { AudioGraph } from "./sound/audio_graph.js";
import { Cues } from "./sound/cues.js";
import { MediaControls } from "./sound/media_controls.js";
import { problemOf } from "./sound/microphone.js";
import { OverallVolume } from "./sound/overall_volume.js";
import { OwnLevel } from "./sound/own_level.js";
import { Volumes } from "./sound/volumes.js";
import { FeedbackAlert } from "./talk/feedback_alert.js";
import { Keys } from "./talk/keys.js";
import { LocalAudio } from "./talk/local_audio.js";
import { Attention } from "./words/attention.js";
import { Captions } from "./words/captions.js";
import { ChatPanel } from "./words/chat_panel.js";
import { Trouble } from "./words/facts.js";
import { NotifySheet } from "./words/notify_sheet.js";
import { ReplayView } from "./words/replay_view.js";
import { Speech } from "./words/speech.js";
import { Toasts } from "./words/toasts.js";

/** How often the worker is told what the devices say of their latency: they change it slowly. */
const DEVICES_MS = 200;

class Page {
  #engine = new Engine(new Worker(new URL("../worker/worker.js", import.meta.url), { type: "module" }));
  #sound = this.#engine.sound;
  /** @type {(order: import("../shared/messages.js").Order) => void} */
  #order = (order) => this.#engine.order(order);
  #roster = new Roster();
  #door = new Door();
  #toasts = new Toasts();
  #attention = new Attention();
  #speech = new Speech();
  #recent = new RecentRooms();
  #presence = new RecentPresence({
    ask: previewRoom,
    show: (room, preview) => this.#door.showPresence(room, preview),
    isSeen: () => document.visibilityState === "visible",
  });
  #question = new Question();
  #cues = new Cues((sound) => this.#sound.cue(sound));
  #invitation = new Invitation(folderOf(location.href));
  #inviteSheet = new InviteSheet(this.#invitation);
  #chat = new ChatPanel();
  #lost = new LostSheet();
  #volumes = new Volumes(this.#order);
  /** @type {LocalAudio} */
  #voice = new LocalAudio({
    sound: this.#sound,
    order: this.#order,
    loaded: this.#engine.loaded,
  });
  #ownLevel = new OwnLevel((level) => this.#door.showOwnLevel(level));
  #host = new HostPanel((message) => this.#room.send(message));
  #view = new RoomView({
    press: (atMs) => this.#voice.press(atMs),
    release: (atMs) => this.#voice.release(atMs),
    toggle: () => this.#voice.toggle(),
  });
  #captions = new Captions({
    send: (message) => this.#order({ type: "sendControl", message }),
    toasts: this.#toasts,
    chat: this.#chat,
    host: this.#host,
  });
  #replay = new ReplayView({ order: this.#order, toasts: this.#toasts });
  #settings = new SettingsController({
    order: this.#order,
    toasts: this.#toasts,
    captions: this.#captions,
    voice: this.#voice,
    sound: this.#sound,
    cues: this.#cues,
    attention: this.#attention,
    speech: this.#speech,
  });
  #acoustic = new AcousticTest({
    show: showAcousticTest,
    sound: this.#sound,
    order: this.#order,
    openMicrophone: (processing) => this.#voice.reopen(processing),
  });
  #room = new Room(
    {
      order: this.#order,
      voice: this.#voice,
      roster: this.#roster,
      invitation: this.#invitation,
      view: this.#view,
      chat: this.#chat,
      host: this.#host,
      toasts: this.#toasts,
      cues: this.#cues,
      attention: this.#attention,
      speech: this.#speech,
      notify: new NotifySheet(),
      settings: this.#settings,
      details: new Details(this.#sound, this.#roster),
      acoustic: this.#acoustic,
      recent: this.#recent,
    },
    parseFragment(fragmentAsked()),
  );
  /** @type {Call} */
  #call = new Call({
    engine: this.#engine,
    room: this.#room,
    voice: this.#voice,
    door: this.#door,
    view: this.#view,
    lost: this.#lost,
    toasts: this.#toasts,
    cues: this.#cues,
    settings: this.#settings,
    feedback: this.#newFeedbackAlert(),
    acoustic: this.#acoustic,
    roster: this.#roster,
    captions: this.#captions,
    replay: this.#replay,
  });
  #lifecycle = new Lifecycle({
    sound: this.#sound,
    voice: this.#voice,
    call: this.#call,
    room: this.#room,
    toasts: this.#toasts,
  });
  #media = new MediaControls({
    toggleMicrophone: () => void this.#room.pressMicrophone(),
    toggleTalk: () => this.#voice.toggle(),
    leave: () => this.#call.leave(),
  });
  #knocking = new AbortController();
  #hall = "";

  constructor() {
    this.#connectDoor();
    this.#connectRoom();
    this.#connectVoice();
    addEventListener("hashchange", () => this.#onAddress());
    addEventListener("pagehide", () => this.#call.leave());
    setInterval(() => this.#tellDevices(), DEVICES_MS);
    this.#door.name = load("name");
    document.body.dataset.state = "start";
    this.#door.visible = true;
    showAcousticTest("", false);
    this.#onAddress();
    this.#engine.loaded.catch((error) => this.#door.showProblem(t("failed", { message: String(error) })));
  }

  #connectDoor() {
    this.#door.onEnter = (way, name) => this.#enter(way, name);
    this.#door.onTryAlone = () => this.#tryAlone();
    this.#door.onTryVoice = () => this.#tryVoice();
    this.#door.onLink = (link) => this.#openLink(link);
    element("empty-echo", HTMLButtonElement).addEventListener("click", () => this.#hearYourself());
    element("settings-echo", HTMLButtonElement).addEventListener("click", () => this.#hearYourself());
  }

  #connectRoom() {
    const { bar, person } = this.#view;
    bar.onLeave = () => this.#call.leave();
    bar.onHand = () => this.#room.toggleHand();
    bar.onMic = () => void this.#room.pressMicrophone();
    person.volumeOf = (name) => this.#volumes.of(name);
    person.onVolume = (name, volume) => this.#volumes.set(name, volume);
    person.onHostAct = (act, who) => this.#onHostAct(act, who);
    this.#host.onKnockAgain = () => this.#cues.play("knock");
    this.#host.confirmNewInvite = () =>
      this.#question.ask(t("newInvite"), t("newInviteHint"), t("newInvite"));
    this.#inviteSheet.limits.onRenew = (hours, uses) => this.#host.renewInvite(hours, uses);
    this.#inviteSheet.onCopied = (words) => this.#toasts.show({ words });
    this.#lost.onTryNow = () => this.#call.reconnectNow();
    this.#lost.onLeave = () => this.#call.leave();
    this.#lost.onLasting = () => {
      this.#cues.play("lost");
      this.#toasts.alert(t("notConnected"));
    };
    const keys = new Keys({
      mute: () => void this.#room.pressMicrophone(),
      hand: () => this.#room.toggleHand(),
      chat: () => this.#chat.open(),
      invite: () => this.#inviteSheet.open(),
      replay: () => this.#replay.playLast(),
    });
    this.#call.onState = (state) => {
      keys.active = state === "joined" || state === "lost";
      this.#door.linkCheck();
      this.#lifecycle.joined = keys.active;
      this.#media.show({ joined: keys.active, room: this.#roster.room });
      if (state === "joining") this.#ownLevel.stop();
      if (state === "start") this.#onAddress();
    };
    new OverallVolume(this.#sound);
    element("air", HTMLButtonElement).addEventListener("click", () => {
      this.#acoustic.press(this.#roster.others, this.#voice.silent, this.#settings.processing);
    });
  }

  #connectVoice() {
    const trouble = new Trouble("no-microphone", "problem", "noMicrophone", this.#toasts);
    this.#voice.onProblem = (words) => {
      trouble.isOn = words !== "";
      setText(element("problem-words", HTMLElement), words);
      if (words !== "") trouble.tell(words);
    };
    this.#voice.onNews = (words) => this.#toasts.show({ words });
    element("try-microphone", HTMLButtonElement).addEventListener("click", () =>
      this.#voice.tryAgain(this.#settings.processing),
    );
  }

  #newFeedbackAlert() {
    const trouble = new Trouble("feedback", "guard", "feedback", this.#toasts);
    const alert = new FeedbackAlert(element("guard", HTMLElement), trouble, this.#voice, this.#sound);
    alert.onFound = (words) => trouble.tell(words);
    alert.onSilenced = (silenced) =>
      setText(element("feedback-word", HTMLElement), t(silenced ? "silenced" : "feedback"));
    return alert;
  }

  /**
   * @param {import("./door/door.js").Way} way
   * @param {string} name
   */
  async #enter(way, name) {
    if (way !== "knock") return this.#call.join({ name, listen: way === "listen" });
    const { signal } = (this.#knocking = new AbortController());
    // a press is what browsers ask for; the answer comes later
    this.#sound.resume();
    this.#door.showProblem("");
    // a second knock would be refused, and the first one forgotten
    this.#door.busy = true;
    this.#door.showWaiting(t("knocking"));
    const answer = await knock(this.#room.link, name, signal).catch(() => null);
    if (signal.aborted) return undefined;
    this.#door.busy = false;
    this.#door.showWaiting("");
    if (answer?.state === "admitted")
      return this.#call.join({ name, listen: this.#door.listens, resume: answer.resume });
    const refused = answer?.state === "refused" ? wordsFor(answer.reason, answer.message) : t("awayTitle");
    return this.#door.showProblem(answer?.state === "declined" ? t("knockDeclined") : refused);
  }

  async #tryVoice() {
    const problem = await this.#ownLevel.start().then(
      () => "",
      (error) => t(problemOf(error)),
    );
    if (this.#call.state === "start") this.#door.showProblem(problem);
  }

  #tryAlone() {
    this.#room.link = { ...this.#room.link, room: ECHO_ROOM, key: "" };
    return this.#call.join({ name: this.#door.name, listen: false });
  }

  /** On a page of its own; here the microphone is off meanwhile, so that nobody else hears it. */
  #hearYourself() {
    if (this.#voice.hasMicrophone && !this.#voice.muted) this.#voice.mute(true);
    window.open(`#room=${ECHO_ROOM}`, "_blank");
  }

  /** @param {string} text that somebody pasted, or a code says */
  #openLink(text) {
    const link = linkOf(text);
    if (!link) this.#door.showProblem(t("notALink"));
    else if (link.host === location.host && isBesideUs(link)) location.hash = link.hash;
    else location.href = link.href;
  }

  async #onAddress() {
    if (this.#call.state !== "start") return;
    this.#knocking.abort();
    this.#room.link = parseFragment(fragmentAsked());
    this.#settings.linked = this.#room.link;
    this.#captions.hall = this.#room.link.captions;
    const { room, key, token, name, auto, listen } = this.#room.link;
    this.#door.showRoom(room, listen);
    this.#door.showProblem(room || !fragmentAsked() ? "" : t("notALink"));
    this.#door.showRecent(this.#recent.all);
    if (room === "") this.#presence.start(this.#recent.all, hostKey());
    else this.#presence.stop();
    if (name) this.#door.name = name;
    if (this.#room.link.captions) this.#joinHall();
    else if (auto) joinUnattended({ call: this.#call, door: this.#door, sound: this.#sound });
    if (room === "") return undefined;
    if (room === ECHO_ROOM) return this.#ownLevel.startIfAllowed();
    const preview = await previewRoom({ room, key: hostKey() || key, token });
    if (this.#room.link.room !== room || this.#call.state !== "start") return undefined;
    if (preview && "error" in preview)
      return this.#door.showProblem(wordsFor(preview.error, preview.message));
    if (preview) this.#door.showPreview(preview);
    return this.#door.listens ? undefined : this.#ownLevel.startIfAllowed();
  }

  /**
   * Once for each address: a relay that refuses is not asked again and again. No sound is needed, and so no
   * press.
   */
  #joinHall() {
    if (this.#hall === location.hash) return;
    this.#hall = location.hash;
    this.#door.pressJoin();
  }

  /**
   * @param {import("./people/person_sheet.js").HostAct} act
   * @param {import("./people/roster.js").Person} person
   */
  async #onHostAct(act, { talkerId, name }) {
    if (act === "ask-mute") this.#room.send({ type: "mute", talker_id: talkerId });
    if (act === "turn") this.#room.send({ type: "turn", talker_id: talkerId });
    if (act !== "remove") return;
    const sure = await this.#question.ask(t("removeNamed", { name }), t("removeHint"), t("remove"));
    if (sure) this.#room.send({ type: "remove", talker_id: talkerId });
  }

  #tellDevices() {
    if (this.#call.state !== "joined") return;
    this.#order({
      type: "deviceLatency",
      captureMs: this.#voice.takeLatencyMs(),
      sounded: this.#sound.look(),
    });
  }
}

/** @param {URL} link on this host: to the same relay? */
const isBesideUs = (link) => new URL(".", link).pathname === new URL(".", location.href).pathname;

/**
 * @param {string} words how the test through the air goes, or what came of it
 * @param {boolean} running
 */
function showAcousticTest(words, running) {
  setText(element("air", HTMLElement), t(running ? "airStop" : "airStart"));
  setText(element("air-words", HTMLElement), words);
}

fillFixedWords();
if (!isSecureContext) new Door().showUnusable(t("insecure"));
else if (!AudioGraph.supported) new Door().showUnusable(t("unsupported"));
else new Page();
install();
