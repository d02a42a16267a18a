// The lock screen and the button of a headset: title, mute and leave. Browsers give both to a page that plays
// a sound which can be paused, not to one that only talks: so while a room is joined, silence is played.

import { t } from "../../ui/text.js";

const RATE = 8_000;
/** Browsers think that nobody would want to pause what is shorter than 5 s. */
const SECONDS = 6;
const WAVE_HEADER_BYTES = 44;
const MIDDLE = 128;

/** @typedef {{toggleMicrophone: () => void, toggleTalk: () => void, leave: () => void}} Actions */

export class MediaControls {
  #silence = new Audio(URL.createObjectURL(new Blob([silentWave()], { type: "audio/wav" })));

  /** @param {Actions} actions */
  constructor({ toggleMicrophone, toggleTalk, leave }) {
    this.#silence.loop = true;
    /** @type {Record<string, () => void>} */
    const handlers = {
      play: toggleTalk,
      pause: toggleTalk,
      stop: leave,
      togglemicrophone: toggleMicrophone,
      hangup: leave,
    };
    for (const [action, handler] of Object.entries(handlers)) {
      try {
        navigator.mediaSession?.setActionHandler(/** @type {MediaSessionAction} */ (action), handler);
      } catch {
        // this browser does not know that action; the others still work
      }
    }
  }

  /** @param {{joined: boolean, room: string}} state */
  show({ joined, room }) {
    if (navigator.mediaSession && joined) {
      navigator.mediaSession.metadata = new MediaMetadata({
        title: room,
        artist: t("title"),
        artwork: [{ src: "icons/any-512.png" }],
      });
    }
    if (joined === !this.#silence.paused) return;
    if (joined) this.#silence.play().catch(() => {}); // not allowed here: there are other ways to press
    else this.#silence.pause();
  }
}

/** Eight bits a sample, one channel. */
function silentWave() {
  const length = RATE * SECONDS;
  const wave = new Uint8Array(WAVE_HEADER_BYTES + length).fill(MIDDLE);
  const view = new DataView(wave.buffer);
  const tag = (/** @type {number} */ at, /** @type {string} */ name) =>
    wave.set(new TextEncoder().encode(name), at);
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
