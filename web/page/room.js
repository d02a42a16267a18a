// One stay in a room: what the relay says, what the microphone and the others do, and what each of these
// changes on the screen. Parts of the screen know nothing of each other; this is where they meet.

import { ECHO_ROOM, serializeFragment } from "../shared/room_link.js";
import { unreachable } from "../shared/unreachable.js";
import { save } from "../ui/storage.js";
import { t } from "../ui/text.js";
import { Delays } from "./delay/delay_view.js";
import { hostKey, keepHostKey } from "./host/host_key.js";
import { Programs } from "./programs/programs.js";
import { RecordingView } from "./recording_view.js";

/** @import { FromClient, FromRelay, Waiting, WireInvite } from "../shared/control.js" */
/** @import { LevelOf, OwnState, Report } from "../shared/messages.js" */
/** @import { RoomLink } from "../shared/room_link.js" */
/**
 * @typedef {Extract<Report, {type: "control"}>["message"]} Heard
 * @typedef {"mute" | "turn" | "lock" | "only_hosts" | "invite" | "barred" | "knocks" | "floor"} HostDecides
 * @typedef {object} Parts
 * @property {(order: import("../shared/messages.js").Order) => void} order to the worker
 * @property {import("./talk/local_audio.js").LocalAudio} voice
 * @property {import("./people/roster.js").Roster} roster
 * @property {import("./host/invitation.js").Invitation} invitation
 * @property {import("./room_view.js").RoomView} view
 * @property {import("./words/chat_panel.js").ChatPanel} chat
 * @property {import("./host/host_panel.js").HostPanel} host
 * @property {import("./words/toasts.js").Toasts} toasts
 * @property {import("./sound/cues.js").Cues} cues
 * @property {import("./words/attention.js").Attention} attention
 * @property {import("./words/speech.js").Speech} speech
 * @property {import("./words/notify_sheet.js").NotifySheet} notify
 * @property {import("./settings/settings_controller.js").SettingsController} settings
 * @property {import("./settings/details.js").Details} details
 * @property {import("./settings/acoustic_test.js").AcousticTest} acoustic
 * @property {import("./door/recent_rooms.js").RecentRooms} recent
 */

const OF_RECORDERS = ["no-recorder", "recording-stopped"];

export class Room {
  #parts;
  #programs;
  #delays = new Delays();
  recording;
  /** @type {RoomLink} */
  link;
  #oneAtATime = false;
  #holder = 0;
  #onlyHosts = false;
  #handRaised = false;
  /** Somebody who could talk does so without a microphone being asked for. */
  listensByChoice = false;

  /**
   * @param {Parts} parts
   * @param {RoomLink} link
   */
  constructor(parts, link) {
    this.#parts = parts;
    this.#programs = new Programs(parts, (message) => this.send(message), () => parts.view.person.talkerId);
    this.recording = new RecordingView(parts, (message) => this.send(message));
    this.link = link;
    parts.view.onPerson = () => this.#programs.show();
    parts.voice.onChange = () => this.show();
    parts.chat.onRead = () => parts.toasts.clear();
    parts.chat.onWrite = (text) => this.send({ type: "chat", text });
  }

  get isListening() {
    return this.listensByChoice || this.#parts.roster.own?.mayTalk === false;
  }

  /** The microphone's disc: mute and unmute, or open a microphone if there is none yet. */
  async pressMicrophone() {
    const { voice, settings } = this.#parts;
    if (this.listensByChoice && this.#parts.roster.own?.mayTalk) {
      this.listensByChoice = false;
      this.changeState({ listening: false });
    }
    if (voice.hasMicrophone) voice.toggle();
    else await voice.tryAgain(settings.processing);
    this.show();
  }

  toggleHand() {
    this.#handRaised = !this.#handRaised;
    this.changeState({ hand: this.#handRaised });
    this.show();
  }

  /** @param {FromClient} message */
  send(message) {
    this.#parts.order({ type: "sendControl", message });
  }

  /** @param {Partial<OwnState>} change what the others see of us */
  changeState(change) {
    this.#parts.order({ type: "state", change });
    const { hand, ...rest } = change;
    this.#parts.roster.changeOwn({ ...rest, ...(hand !== undefined && handOf(hand)) });
  }

  /** Clear everything that is shown of this room. */
  clear() {
    const { chat, host, toasts, attention, view } = this.#parts;
    chat.restart([]);
    this.#programs.clear();
    this.recording.clear();
    host.available = false;
    this.#programs.rights = [];
    toasts.clear();
    view.clear();
    attention.room = "";
    attention.talkers = [];
    this.#handRaised = false;
  }

  /** @param {Exclude<Heard, import("./words/captions.js").Rules>} message */
  onControl(message) {
    switch (message.type) {
      case "welcome":
        return this.#onWelcome(message);
      case "joined":
        return this.#onJoined(message);
      case "left":
        return this.#onLeft(message.talker_id);
      case "state":
        return this.#onMemberState(message);
      case "role":
        return this.#onRole(message);
      case "chat":
        return this.#onChat(message);
      case "recording":
        return this.recording.take(message);
      case "hint":
      case "error":
        if (OF_RECORDERS.includes(message.code)) this.recording.showToHost();
        return this.#programs.onRemark(message);
      case "notice":
      case "reply":
      case "telemetry":
      case "command":
      case "result":
        return this.#programs.on(message, this.#parts.roster.talkerId);
      default:
        return this.#onRule(message);
    }
  }

  /** @param {Extract<FromRelay, {type: HostDecides}>} message what a host decides, or is told */
  #onRule(message) {
    switch (message.type) {
      case "mute":
        return this.#onAskedToMute(message.talker_id);
      case "turn":
        return this.#onTurn(message.talker_id);
      case "lock":
        return this.#onLock(message.locked);
      case "only_hosts":
        return this.#onOnlyHosts(message.on);
      case "invite":
        return this.#onInvites(message.invites);
      case "barred":
        return this.#parts.host.showBarred(message.barred);
      case "knocks":
        return this.#onKnocks(message.knocks);
      case "floor":
        return this.#onFloor(message);
    }
    return unreachable(message);
  }

  /** @param {Extract<FromRelay, {type: "welcome"}>} welcome */
  #onWelcome(welcome) {
    const { roster, invitation, host, chat, attention, voice } = this.#parts;
    roster.onWelcome(welcome);
    this.#programs.clear();
    this.recording.onWelcome();
    if (welcome.host && !this.link.token) keepHostKey(this.link.key);
    invitation.byHost = welcome.host;
    invitation.set(welcome.room, welcome.invites, welcome.join_origin);
    this.#showAddress(welcome.room);
    this.#onlyHosts = welcome.only_hosts;
    this.#oneAtATime = false;
    this.#holder = 0;
    this.#parts.voice.oneAtATime = false;
    host.available = welcome.host;
    this.#programs.rights = welcome.rights ?? [];
    host.locked = welcome.locked;
    host.onlyHosts = welcome.only_hosts;
    host.showBarred(welcome.barred);
    chat.restart(welcome.history);
    attention.room = welcome.room;
    roster.changeOwn({ muted: voice.silent, ...handOf(this.#handRaised), listening: this.listensByChoice });
    this.show();
    this.#onKnocks(welcome.knocks);
  }

  /**
   * The address leads back into the room, and never holds the host's own key.
   * @param {string} room
   */
  #showAddress(room) {
    const { invitation, recent } = this.#parts;
    const { name, auto, token, listen, captions } = this.link;
    const key = token ? "" : invitation.key || (hostKey() ? "" : this.link.key);
    this.link = { ...this.link, room, key };
    const fragment = serializeFragment({ room, key, token, name, auto, listen, captions });
    history.replaceState(history.state, "", fragment);
    save("fragment", fragment);
    if (room !== ECHO_ROOM) recent.add(room, fragment);
  }

  /** @param {Extract<FromRelay, {type: "joined"}>} joined */
  #onJoined(joined) {
    const { roster, cues, chat, toasts } = this.#parts;
    roster.onJoined(joined);
    const name = roster.nameOf(joined.talker_id);
    cues.play("joins", roster.people.length);
    chat.addEvent(t("cameIn", { name }));
    toasts.say(t("cameIn", { name }));
    this.show();
  }

  /** @param {number} talkerId */
  #onLeft(talkerId) {
    const { roster, cues, chat, toasts } = this.#parts;
    const name = roster.onLeft(talkerId);
    this.#programs.forget(talkerId);
    if (name) {
      cues.play("leaves", roster.people.length);
      chat.addEvent(t("wentOut", { name }));
      toasts.say(t("wentOut", { name }));
    }
    this.show();
  }

  /** @param {Extract<FromRelay, {type: "state"}>} state */
  #onMemberState(state) {
    const { roster, cues, toasts } = this.#parts;
    const before = roster.find(state.talker_id);
    roster.onState(state);
    if (before?.own) this.#handRaised = state.hand;
    if (state.hand && !before?.hand && !before?.own) {
      const name = roster.nameOf(state.talker_id);
      toasts.say(t("raisedHand", { name }));
      if (roster.host) cues.play("hand");
    }
    this.show();
  }

  /** @param {Extract<FromRelay, {type: "role"}>} message */
  #onRole(message) {
    const { roster, voice } = this.#parts;
    roster.onRole(message);
    if (roster.own?.mayTalk === false && voice.hasMicrophone) voice.mute(true);
    this.show();
  }

  /** @param {Extract<FromRelay, {type: "chat"}>} said */
  #onChat({ talker_id, text }) {
    const { roster, chat, toasts, cues, attention } = this.#parts;
    const name = roster.nameOf(talker_id);
    const own = talker_id === roster.talkerId;
    chat.add({ name, text, own, atMs: Date.now() });
    if (own || chat.isOpen) return;
    cues.play("message");
    attention.notify(name, text);
    toasts.show({ name, title: name, words: text, action: { words: t("reply"), act: () => chat.open() } });
  }

  /** @param {number} talkerId of the host */
  #onAskedToMute(talkerId) {
    const { voice, toasts, roster } = this.#parts;
    if (this.isListening || voice.muted) return;
    voice.mute(true);
    toasts.show({ words: t("askedToMute", { name: roster.nameOf(talkerId) }) });
  }

  /** @param {number} talkerId of who may talk now */
  #onTurn(talkerId) {
    const { cues, toasts, roster } = this.#parts;
    if (talkerId !== roster.talkerId) return;
    cues.play("turn");
    toasts.show({ words: t("itIsYourTurn") });
    toasts.alert(t("itIsYourTurn"));
    this.show();
  }

  /** @param {boolean} locked */
  #onLock(locked) {
    const { host, chat, toasts } = this.#parts;
    host.locked = locked;
    const words = t(locked ? "roomLocked" : "roomUnlocked");
    chat.addEvent(words);
    toasts.show({ words });
  }

  /** @param {boolean} on */
  #onOnlyHosts(on) {
    const { host, toasts } = this.#parts;
    this.#onlyHosts = on;
    host.onlyHosts = on;
    toasts.show({ words: t(on ? "onlyHostsOn" : "onlyHostsOff") });
    this.show();
  }

  /** @param {WireInvite[]} invites */
  #onInvites(invites) {
    if (!this.#parts.invitation.replace(invites)) return;
    this.#showAddress(this.#parts.roster.room);
    if (this.#parts.roster.host) this.#parts.toasts.show({ words: t("newInviteMade") });
  }

  /** @param {Waiting[]} knocks everybody who waits now */
  #onKnocks(knocks) {
    const { host, cues, toasts, attention } = this.#parts;
    for (const knock of host.update(knocks)) {
      const words = t("wouldLikeIn", { name: knock.name });
      cues.play("knock");
      attention.notify(t("knock"), words);
      const action = { words: t("letIn"), act: () => host.answer(knock.id, true) };
      toasts.show({ name: knock.name, words, action });
    }
  }

  /** @param {Extract<FromRelay, {type: "floor"}>} floor */
  #onFloor({ talker_id, on }) {
    const { host, voice, cues, toasts, roster } = this.#parts;
    if (on !== this.#oneAtATime) toasts.show({ words: t(on ? "floorOn" : "floorOff") });
    const wasHolder = this.#holder === roster.talkerId;
    this.#oneAtATime = on;
    this.#holder = on ? talker_id : 0;
    host.oneAtATime = on;
    voice.oneAtATime = on;
    if (on && voice.controls.open && talker_id !== 0 && talker_id !== roster.talkerId) cues.play("busy");
    if (on && talker_id === roster.talkerId && !wasHolder) cues.play("turn");
    this.show();
  }

  /** @param {LevelOf} levels */
  onLevels(levels) {
    const { roster, view, cues, attention } = this.#parts;
    const shown = this.#heardLevels(levels);
    const talking = roster.talking(shown).filter(({ own }) => !own);
    view.showLevels(shown);
    attention.talkers = talking.map(({ name }) => name);
    cues.somebodyTalks = talking.length > 0;
  }

  onMutedVoice() {
    const { voice, cues, toasts } = this.#parts;
    if (!voice.muted || voice.holdsToTalk || this.isListening) return;
    cues.play("mutedTalk");
    toasts.alert(t("talkingWhileMuted"));
  }

  /**
   * Our own ring stays off while the others do not hear us.
   * @param {LevelOf} levels
   */
  #heardLevels(levels) {
    const { roster, voice } = this.#parts;
    const hasTurn = !this.#oneAtATime || this.#holder === roster.talkerId;
    const isHeard = !voice.silent && !this.isListening && hasTurn;
    if (isHeard || !levels[roster.talkerId]) return levels;
    const { [roster.talkerId]: _, ...others } = levels;
    return others;
  }

  /** @param {Extract<Report, {type: "delays"}>} delays */
  onDelays({ roundTripMs, figures }) {
    const { roster, view, details } = this.#parts;
    const delays = this.#delays.add(figures, roster.others);
    details.show(roundTripMs, delays);
    view.showDelays(delays);
  }

  show() {
    const { roster, view, voice, host, acoustic } = this.#parts;
    roster.changeOwn({ muted: voice.silent });
    const { people } = roster;
    acoustic.check(roster.others, voice.silent);
    if (people.length === 0) return;
    host.showHands(people);
    view.show({
      room: roster.room,
      isEcho: roster.room === ECHO_ROOM,
      people,
      controls: voice.controls,
      listening: this.isListening,
      oneAtATime: this.#oneAtATime,
      holder: this.#holder,
      needsTurn: this.#oneAtATime || this.#onlyHosts,
    });
  }
}

/** A raised hand of our own is last until the relay says when it was raised. @param {boolean} hand */
const handOf = (hand) => ({ hand, hand_us: hand ? Number.MAX_SAFE_INTEGER : 0 });
