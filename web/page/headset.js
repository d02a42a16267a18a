// The button of a headset. Browsers hand it to a page that plays a sound which can be paused, not to one that only talks: so
// while it is listened to, silence is played.

const RATE = 8_000;
/** Of what is shorter than 5 s browsers think that nobody would want to pause it. */
const SECONDS = 6;
const WAVE_HEADER_BYTES = 44;
const MIDDLE = 128;
const ACTIONS = /** @type {const} */ (["play", "pause"]);

export class Headset {
  #silence = new Audio(URL.createObjectURL(new Blob([silentWave()], { type: "audio/wav" })));
  onPress = () => {};

  constructor() {
    this.#silence.loop = true;
    for (const action of ACTIONS) navigator.mediaSession?.setActionHandler(action, () => this.onPress());
  }

  /** @param {boolean} listening */
  set listening(listening) {
    if (listening === !this.#silence.paused) return;
    if (listening) this.#silence.play().catch(() => {}); // not allowed here: there are other ways to press
    else this.#silence.pause();
  }
}

/** Eight bits a sample, one channel. */
function silentWave() {
  const length = RATE * SECONDS;
  const wave = new Uint8Array(WAVE_HEADER_BYTES + length).fill(MIDDLE);
  const view = new DataView(wave.buffer);
  const tag = (/** @type {number} */ at, /** @type {string} */ name) => wave.set(new TextEncoder().encode(name), at);
  tag(0, "RIFF");
  view.setUint32(4, WAVE_HEADER_BYTES - 8 + length, true);
  tag(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // PCM
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE, true);
  view.setUint32(28, RATE, true);
  view.setUint16(32, 1, true);
  view.setUint16(34, 8, true);
  tag(36, "data");
  view.setUint32(40, length, true);
  return wave;
}
