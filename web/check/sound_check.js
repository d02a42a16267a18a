// Checks of what makes and hears sound: microphone, loudspeaker, the echo between the two, and the codec.
//
// The browser first leaves the microphone's sound as it is, so that the loudspeaker's chirps can be heard.
// Then it cancels echoes, as in a call: it gets some chirps to learn from, and what still comes back, the
// others would hear. A canceller that lost its place, since the sound stumbled, may learn again.

import { AudioGraph } from "../page/sound/audio_graph.js";
import { Microphone, MicrophoneError, UNPROCESSED } from "../page/sound/microphone.js";
import { FRAME_MS } from "../shared/audio_format.js";
import { levelOf } from "../shared/audio_level.js";
import { chirp, findChirps, peakDbfs } from "../shared/chirps.js";
import { sleep } from "../shared/sleep.js";
import "../ui/setup_text.js";
import { t } from "../ui/text.js";
import { codecMs } from "./codec_cost.js";
import { Recorder } from "./recorder.js";
import { fails, passes, unknown } from "./verdict.js";

/** Six seconds to say something, looked at ten times a second. */
const LOOK_MS = 100;
const LOOKS = 60;
/**
 * Below the first, a microphone gives nothing at all; below the second, a voice is too soft to be understood.
 */
const SILENT_DBFS = -70;
const VOICE_DBFS = -40;
/** Browsers take some hundred milliseconds to switch what they do to a microphone's sound. */
const SETTLE_MS = 500;
/**
 * How long a chirp may take from our loudspeaker to our microphone; with Bluetooth it is the half of this.
 */
const CHIRP_MS = 800;
/** One may be lost in a noise; a canceller that has to learn again gets as many two times more. */
const CHIRPS = 3;
const MORE_LESSONS = 2;
/** In −dBov; what is softer, nobody hears beside a voice. */
const AUDIBLE_LEVEL = 50;
/** A device on which the codec takes more of the time has none left for several talkers. */
const MOST_CODEC_MS = FRAME_MS / 2;

/** @typedef {import("./verdict.js").Verdict} Verdict */

export class SoundCheck {
  #sound = new AudioGraph();
  #microphone = new Microphone();
  #ear = new Recorder();
  /** @type {Promise<void> | null} */
  #loaded = null;
  #processing;
  #heard = false;
  #started = false;
  /** @type {(level: number) => void} of the microphone, in −dBov */
  onLevel = () => {};

  /** @param {import("../shared/room_link.js").Processing} processing of the microphone in a call */
  constructor(processing) {
    this.#processing = processing;
    this.#sound.onReading = (reading) => this.#ear.read(reading);
  }

  /** Gives whether there can be sound yet. */
  start() {
    this.#started = true;
    return this.#sound.start();
  }

  stop() {
    this.#started = false;
    this.#sound.listenTo(null);
    this.#microphone.close();
    this.#sound.suspend();
  }

  /** @returns {Promise<Verdict>} */
  async microphone() {
    this.#heard = false;
    try {
      await this.#listen(UNPROCESSED);
    } catch (error) {
      if (!(error instanceof MicrophoneError)) throw error;
      return fails(t(error.problem));
    }
    const db = Math.round(await this.#peakDbfs());
    if (db < SILENT_DBFS) return fails(t("checkMicrophoneSilent"));
    return db < VOICE_DBFS
      ? unknown(t("checkMicrophoneSoft", { db }))
      : passes(t("checkMicrophoneHears", { db }));
  }

  /** @returns {Promise<Verdict>} */
  async loudspeaker() {
    if (!(await this.start())) return fails(t("checkStandsStill"));
    if (!this.#microphone.stream) return unknown(t("checkLoudspeakerAlone"));
    this.#heard = Number.isFinite(await this.#loudestChirp());
    return this.#heard ? passes(t("checkLoudspeakerHeard")) : unknown(t("checkLoudspeakerUnheard"));
  }

  /** @returns {Promise<Verdict>} */
  async echo() {
    if (!this.#heard) return unknown(t("checkEchoUnknown"));
    await this.#listen(this.#processing);
    await sleep(SETTLE_MS);
    await this.#loudestChirp();
    let level = await this.#loudestChirp();
    for (let more = 0; more < MORE_LESSONS && level <= AUDIBLE_LEVEL; more += 1)
      level = await this.#loudestChirp();
    return level > AUDIBLE_LEVEL ? passes(t("checkNoEcho")) : fails(t("checkEcho", { db: -level }));
  }

  /** @returns {Promise<Verdict>} */
  async codec() {
    if (!isSecureContext) return fails(t("insecure"));
    if (!AudioGraph.supported) return fails(t("unsupported"));
    const ms = await codecMs();
    return (ms < MOST_CODEC_MS ? passes : fails)(
      t(ms < MOST_CODEC_MS ? "checkCodec" : "checkCodecSlow", { ms: ms.toFixed(2) }),
    );
  }

  /** @param {import("../shared/room_link.js").Processing} processing */
  async #listen(processing) {
    await this.#microphone.open(processing);
    if (AudioGraph.supported) await (this.#loaded ??= this.#load());
    if (this.#started) this.#sound.listenTo(this.#microphone.stream);
    else this.#microphone.close(); // somebody allowed it when all was over
  }

  async #load() {
    await this.#sound.load();
    this.#ear.connect(this.#sound.connectWorker().capture);
  }

  /** How loud it gets, until it is a voice or nobody speaks for long. */
  async #peakDbfs() {
    let peak = -Infinity;
    for (let look = 0; look < LOOKS && peak < VOICE_DBFS; look += 1) {
      const heard = await this.#ear.hear(LOOK_MS);
      peak = Math.max(peak, peakDbfs(heard));
      this.onLevel(levelOf(heard));
    }
    return peak;
  }

  /** The level at which the microphone hears our loudspeaker, in −dBov; Infinity where it doesn't. */
  async #loudestChirp() {
    const levels = [];
    for (let played = 0; played < CHIRPS; played += 1) {
      this.#sound.chirp();
      levels.push(...chirpLevels(await this.#ear.hear(CHIRP_MS)));
    }
    return Math.min(...levels);
  }
}

/** @param {Float32Array} samples */
function chirpLevels(samples) {
  const length = chirp().length;
  return findChirps(samples).map(({ position }) =>
    levelOf(samples.subarray(Math.round(position), Math.round(position) + length)),
  );
}
