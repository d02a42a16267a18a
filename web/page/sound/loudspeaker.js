// Where the page's sound goes, and how late it is there, as the browser tells.
//
// While the microphone is on, iOS turns plain Web Audio down, but not what an <audio> element plays (WebKit
// 236219), so there it goes through one.

import { platformOf } from "../../ui/platform.js";

/**
 * Firefox on Linux asks the sound server for it and holds a lock meanwhile. The audio thread may wait for
 * that lock, and the sound server for the audio thread: about one call in ten never returns, and the page
 * hangs.
 */
const HANGS_WHEN_ASKED = /X11;.*Firefox\//;

export class Loudspeaker {
  #context;
  #mayAsk;
  /** @type {HTMLAudioElement | null} */
  #element = null;
  /** Everything that should be heard is connected to this. */
  input;

  /**
   * @param {AudioContext} context
   * @param {string} [userAgent]
   */
  constructor(context, userAgent = navigator.userAgent) {
    this.#context = context;
    this.#mayAsk = !HANGS_WHEN_ASKED.test(userAgent);
    this.input = new GainNode(context);
    if (platformOf(userAgent, navigator.maxTouchPoints) === "ios") this.#useElement();
    else this.input.connect(context.destination);
  }

  /**
   * What sounded last; null where the browser doesn't tell, or not what an <audio> element adds.
   * @returns {import("../../shared/messages.js").Sounded | null}
   */
  get sounded() {
    const { contextTime = 0, performanceTime = 0 } =
      (this.#mayAsk && !this.#element && this.#context.getOutputTimestamp?.()) || {};
    if (!(contextTime > 0) || !(performanceTime > 0)) return null;
    return { at: contextTime, atMs: performance.timeOrigin + performanceTime };
  }

  /** From the page to the loudspeaker; null where the browser doesn't tell. */
  get latencyMs() {
    const seconds = this.#mayAsk ? this.#context.outputLatency || this.#context.baseLatency : 0;
    return seconds ? 1000 * seconds : null;
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
