// The lock screen and the button of a headset: title, mute and leave. Browsers give both to a page that plays
// a sound which can be paused, not to one that only talks: so while a room is joined, silence is played.

import { t } from "../../ui/text.js";

const RATE = 8_000;
/** Browsers think that nobody would want to pause what is shorter than 5 s. */
const SECONDS = 6;
const MIDDLE = 128;

/** @typedef {{toggleMicrophone: () => void, toggleTalk: () => void, leave: () => void}} Actions */

export class MediaControls {
  #silence = new Audio(URL.createObjectURL(silentWave()));

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
  const header = Uint32Array.of(
    0x46464952, // RIFF
    36 + length,
    0x45564157, // WAVE
    0x20746d66, // fmt
    16,
    0x00010001, // one channel of PCM
    RATE,
    RATE,
    0x00080001, // a byte each, of eight bits
    0x61746164, // data
    length,
  );
  return new Blob([header, new Uint8Array(length).fill(MIDDLE)], { type: "audio/wav" });
}
