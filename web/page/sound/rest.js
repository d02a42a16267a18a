// Lets the sound rest while nobody is there to be heard: a loudspeaker that plays silence takes as much of a
// battery as one that plays a voice. It is back within a moment, as soon as somebody comes, or anything else
// is to be heard.

/** Somebody who has just left may come back, and cues sound first. */
export const AFTER_MS = 10_000;

export class Rest {
  #context;
  #timer = 0;
  #alone = false;
  /** @type {Promise<void>} */
  #asleep = Promise.resolve();
  /** The context stands still because we want it to. */
  isResting = false;

  /** @param {Pick<import("./context_changes.js").ContextChanges, "suspend" | "resume">} context */
  constructor(context) {
    this.#context = context;
  }

  /** @param {boolean} alone nobody is there whom one could hear */
  set alone(alone) {
    if (alone === this.#alone) return;
    this.#alone = alone;
    this.end();
  }

  /** Something is to be heard: it may rest again after a while. */
  end() {
    clearTimeout(this.#timer);
    if (this.#alone) this.#timer = window.setTimeout(() => this.#begin(), AFTER_MS);
    if (this.isResting) this.#wake();
  }

  /** It is up to others now whether the context runs. */
  cancel() {
    clearTimeout(this.#timer);
    this.#alone = this.isResting = false;
  }

  #begin() {
    this.isResting = true;
    this.#asleep = this.#context.suspend();
  }

  async #wake() {
    await this.#asleep; // in the middle of it, browsers may pass over a resume
    if (!this.isResting) return;
    this.isResting = false;
    await this.#context.resume().catch(() => {}); // a touch will do it
  }
}
