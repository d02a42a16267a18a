// <streamer-room room="kitchen" key="1nv1te" name="Ada">: a room in anybody's page, from an origin that the
// relay's host allows. docs/user-guide.md, "A room in your own web page", has an example.
//
// join(), leave(), talk(on); the events joined, left, talking {names}, muted {muted}, danger {message} and
// error {code, message} tell what becomes of it.

import { Engine } from "./page/engine.js";
import { Roster } from "./page/people/roster.js";
import { FeedbackAlert } from "./page/talk/feedback_alert.js";
import { LocalAudio } from "./page/talk/local_audio.js";
import { parseFragment, socketUrl } from "./shared/room_link.js";
import { sayCount, t, wordsFor } from "./ui/text.js";

/** @typedef {import("./page/call.js").State} State */

// Without indentation, which scripts are served without.
const STYLE = `
:host { display: inline-flex; flex-wrap: wrap; gap: 0.75em; align-items: center;
font: 1rem / 1.4 system-ui, sans-serif; }
button { min-height: 3em; padding: 0 1.25em; border: 1px solid; border-radius: 999px; background: none;
color: inherit; font: inherit; }
section { box-sizing: border-box; flex: 1 0 100%; padding: 0.75em 1em; border: 1px solid;
border-radius: 1em; }
section div { display: flex; flex-wrap: wrap; gap: 0.5em; }
p { margin: 0 0 0.75em; }
[hidden] { display: none !important; }
`;
const ALERT = `<p></p><div><button type="button"></button><button type="button"></button></div>`;

const { processing: PROCESSED } = parseFragment("");

class StreamerRoom extends HTMLElement {
  #button;
  #status;
  #alert;
  #roster = new Roster();
  /** @type {State} */
  #state = "start";
  #talking = "";
  #muted = false;
  /**
   * While the element is in a page.
   * @type {{engine: Engine, voice: LocalAudio, guard: FeedbackAlert} | null}
   */
  #inside = null;

  constructor() {
    super();
    const shadow = this.attachShadow({ mode: "open" });
    shadow.innerHTML =
      `<style>${STYLE}</style><button type="button"></button><span role="status"></span>` +
      '<section role="alert" hidden></section>';
    this.#button = /** @type {HTMLButtonElement} */ (shadow.querySelector("button"));
    this.#status = /** @type {HTMLElement} */ (shadow.querySelector("span"));
    this.#alert = /** @type {HTMLElement} */ (shadow.querySelector("section"));
    this.#button.addEventListener("click", () => (this.#state === "start" ? this.join() : this.leave()));
    this.#show("start", "");
  }

  connectedCallback() {
    const engine = new Engine(startWorker());
    engine.onReport = (report) => this.#onReport(report);
    const { sound, loaded } = engine;
    const voice = new LocalAudio({
      sound,
      loaded,
      order: (order) => engine.order(order),
    });
    voice.onProblem = (words) => this.#fail("microphone", words);
    voice.onNews = (words) => void (this.#status.textContent = words);
    voice.onChange = () => this.#tellMuted();
    this.#alert.innerHTML = ALERT;
    this.#inside = {
      engine,
      voice,
      guard: new FeedbackAlert(this.#alert, new AlertPlace(this.#alert), voice, sound),
    };
  }

  disconnectedCallback() {
    this.#end("");
    this.#inside?.engine.close();
    this.#inside = null;
  }

  get #joining() {
    return this.#state === "joining";
  }

  /** To be called while a press of the page's own button is fresh: else browsers allow no sound. */
  async join() {
    if (!this.#inside || this.#state !== "start") return;
    const { engine, voice } = this.#inside;
    engine.sound.resume();
    this.#show("joining", t("askingMicrophone"));
    try {
      await Promise.all([voice.open(PROCESSED), engine.loaded]);
    } catch (error) {
      this.#fail("failed", t("failed", { message: String(error) }));
      this.#end("");
      return;
    }
    if (!this.#joining) return; // left in the meantime
    const [room, key, name] = ["room", "key", "name"].map((attribute) => this.getAttribute(attribute) ?? "");
    const url = socketUrl(import.meta.url, { room, key }, name);
    engine.order({ type: "join", url, state: { muted: voice.silent } });
  }

  leave() {
    if (this.#state !== "start") this.#inside?.engine.order({ type: "leave" });
  }

  /** @param {boolean} on whether the others hear what is said here */
  talk(on) {
    this.#inside?.voice.mute(!on);
  }

  /** @param {import("./shared/messages.js").Report} report */
  #onReport(report) {
    if (report.type === "link") this.#onLink(report);
    else if (report.type === "control") this.#onControl(report.message);
    else if (report.type === "levels") this.#onLevels(report.levels);
    else if (report.type === "feedback") this.#onDanger(report.feedback);
  }

  /** @param {{state: import("./shared/messages.js").LinkState, reason: string, message: string}} link */
  #onLink({ state, reason, message }) {
    if (state === "lost") this.#show("lost", wordsFor(reason, message));
    if (state === "lost" || state === "refused") this.#fail(reason, wordsFor(reason, message));
    if (state === "left") this.#end(t("left"));
    if (state === "refused") this.#end(wordsFor(reason, message));
  }

  /** @param {import("./shared/control.js").FromRelay} message */
  #onControl(message) {
    switch (message.type) {
      case "welcome":
        this.#roster.onWelcome(message);
        this.#muteListener();
        this.#show("joined", "");
        this.#tell("joined", { room: message.room, name: message.name });
        break;
      case "joined":
        this.#roster.onJoined(message);
        break;
      case "left":
        this.#roster.onLeft(message.talker_id);
        break;
      case "role":
        this.#roster.onRole(message);
        this.#muteListener();
        break;
      case "mute":
        this.talk(false);
        break;
      default:
        return; // an element of one button shows nothing of the rest
    }
    if (this.#state === "joined") this.#status.textContent = sayCount("people", this.#roster.people.length);
  }

  /** With a right to listen alone, nothing that is said here is forwarded. */
  #muteListener() {
    if (this.#roster.own?.mayTalk === false) this.talk(false);
  }

  /** @param {import("./shared/messages.js").LevelOf} levels */
  #onLevels(levels) {
    const names = this.#roster.talking(levels).map(({ name }) => name);
    if (names.join("\n") === this.#talking) return;
    this.#talking = names.join("\n");
    this.#tell("talking", { names });
  }

  /** @param {import("./shared/messages.js").Feedback} danger */
  #onDanger(danger) {
    if (!this.#inside) return;
    const { guard } = this.#inside;
    guard.show(danger, this.#roster.others);
    this.#tell("danger", { message: guard.found });
  }

  #tellMuted() {
    const muted = this.#inside?.voice.muted ?? false;
    if (muted !== this.#muted) this.#tell("muted", { muted });
    this.#muted = muted;
  }

  /**
   * @param {string} code
   * @param {string} message
   */
  #fail(code, message) {
    if (message) this.#tell("error", { code, message });
  }

  /** @param {string} words */
  #end(words) {
    const wasInside = this.#state === "joined" || this.#state === "lost";
    this.#inside?.voice.close();
    this.#inside?.guard.close();
    this.#inside?.engine.sound.suspend();
    this.#tellMuted();
    this.#show("start", words);
    if (wasInside) this.#tell("left", {});
  }

  /**
   * @param {State} state
   * @param {string} words
   */
  #show(state, words) {
    this.#state = state;
    this.#button.textContent = t(state === "start" ? "join" : "leave");
    this.#status.textContent = words;
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Where the page has a fact in its header, this element has a line of its own. */
class AlertPlace {
  #node;

  /** @param {HTMLElement} node */
  constructor(node) {
    this.#node = node;
  }

  get isOn() {
    return !this.#node.hidden;
  }

  set isOn(on) {
    this.#node.hidden = !on;
  }
}

/** A worker has to come from the page's own origin; what it imports may come from ours. */
function startWorker() {
  const script = `import ${JSON.stringify(new URL("worker/worker.js", import.meta.url).href)};`;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  return new Worker(url, { type: "module" });
}

customElements.define("streamer-room", StreamerRoom);
