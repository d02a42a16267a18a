// How late the loudspeaker is, as the browser tells it.

/**
 * Firefox on Linux asks the sound server for it and holds a lock meanwhile. The audio thread may wait for
 * that lock, and the sound server for the audio thread: about one call in ten never returns, and the page
 * hangs.
 */
const HANGS_WHEN_ASKED = /X11;.*Firefox\//;

export class OutputLatency {
  #context;
  #mayAsk;

  /**
   * @param {AudioContext} context
   * @param {string} [userAgent]
   */
  constructor(context, userAgent = navigator.userAgent) {
    this.#context = context;
    this.#mayAsk = !HANGS_WHEN_ASKED.test(userAgent);
  }

  /**
   * When second 0 of the audio context sounded at the loudspeaker, in ms since 1970 by the page's steady
   * clock; null where the browser doesn't tell.
   */
  get soundedMs() {
    const { contextTime = 0, performanceTime = 0 } =
      (this.#mayAsk && this.#context.getOutputTimestamp?.()) || {};
    if (!(contextTime > 0) || !(performanceTime > 0)) return null;
    return performance.timeOrigin + performanceTime - contextTime * 1000;
  }

  /** From the page to the loudspeaker; null where the browser doesn't tell. */
  get latencyMs() {
    const seconds = this.#mayAsk ? this.#context.outputLatency || this.#context.baseLatency : 0;
    return seconds ? 1000 * seconds : null;
  }
}
