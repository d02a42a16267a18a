// A clock that never goes back, and goes on while the device sleeps. No clock of a browser does both:
// performance.now() stands still during sleep on some systems, and Date.now() jumps whenever somebody, or the
// network, sets the time.
//
// So it is performance.now(), and whatever the wall clock has gained on it in one look is counted as sleep. A
// wall clock that is set ahead passes for sleep, which costs a new connection; one that is set back changes
// nothing.

/** Less than this is the wall clock being slewed, or rounded by the browser. */
const SLEEP_MS = 1_000;

export class SteadyClock {
  #steadyMs;
  #wallMs;
  #slept = 0;
  #apart;

  /**
   * @param {() => number} [steadyMs]
   * @param {() => number} [wallMs]
   */
  constructor(steadyMs = () => performance.now(), wallMs = () => Date.now()) {
    this.#steadyMs = steadyMs;
    this.#wallMs = wallMs;
    this.#apart = wallMs() - steadyMs();
  }

  nowMs() {
    const steadyMs = this.#steadyMs();
    const apart = this.#wallMs() - steadyMs;
    const gained = apart - this.#apart;
    this.#apart = apart;
    if (gained > SLEEP_MS) this.#slept += gained;
    return steadyMs + this.#slept;
  }
}

/** What an audio worklet stamps with Date.now(), the only clock it has, by performance.now(). */
export class StampClock {
  #steadyMs;
  #wallMs;
  #apart;

  /**
   * @param {() => number} [steadyMs]
   * @param {() => number} [wallMs]
   */
  constructor(steadyMs = () => performance.now(), wallMs = () => Date.now()) {
    this.#steadyMs = steadyMs;
    this.#wallMs = wallMs;
    this.#apart = wallMs() - steadyMs();
  }

  /**
   * When that was. If the wall clock was set while the stamp was on its way, the stamp is by the previous
   * clock: of both readings the one counts that is in the past, and by less.
   * @param {number} stampMs a recent moment of Date.now()
   */
  steadyMs(stampMs) {
    const nowMs = this.#steadyMs();
    const before = this.#apart;
    this.#apart = this.#wallMs() - nowMs;
    const ages = [this.#apart, before].map((apart) => nowMs + apart - stampMs).filter((ageMs) => ageMs >= 0);
    return nowMs - (ages.length ? Math.min(...ages) : 0);
  }
}
