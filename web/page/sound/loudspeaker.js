// Where the page's sound goes. While the microphone is on, iOS turns plain Web Audio down, but not what an
// <audio> element plays (WebKit 236219), so there it goes through one.

import { platformOf } from "../../ui/platform.js";

export class Loudspeaker {
  #context;
  /** @type {HTMLAudioElement | null} */
  #element = null;
  /** Everything that should be heard is connected to this. */
  input;

  /** @param {AudioContext} context */
  constructor(context) {
    this.#context = context;
    this.input = new GainNode(context);
    if (platformOf(navigator.userAgent, navigator.maxTouchPoints) === "ios") this.#useElement();
    else this.input.connect(context.destination);
  }

  /** Whether sound takes longer than the audio context tells. */
  get isIndirect() {
    return this.#element !== null;
  }

  /** Browsers allow it only from a press of a button. */
  play() {
    this.#element?.play().catch(({ name }) => {
      if (name !== "AbortError") this.#useContext(); // it was not paused by us
    });
  }

  pause() {
    this.#element?.pause();
  }

  #useElement() {
    const node = new MediaStreamAudioDestinationNode(this.#context);
    this.input.connect(node);
    this.#element = new Audio();
    this.#element.srcObject = node.stream;
  }

  #useContext() {
    this.#element = null;
    this.input.disconnect();
    this.input.connect(this.#context.destination);
  }
}
