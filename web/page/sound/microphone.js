// The microphone, or in one word why it can't be used.

import { PROCESSING } from "../../shared/room_link.js";

/**
 * Named as the text that says what to do about it.
 * @typedef {"insecure" | "microphoneRefused" | "microphoneMissing" | "microphoneBusy"} MicrophoneProblem
 */

/**
 * What is asked of it: one channel, unless it says more.
 * @typedef {import("../../shared/room_link.js").Processing & {channelCount?: number}} Wanted
 */

/**
 * https://w3c.github.io/mediacapture-extensions.
 * @typedef {{latency?: number, minimumLatency?: number, resetLatency?: () => void}} TrackStatistics
 */

/** The names browsers give their refusals; any other means that the device can't be used just now. */
const PROBLEMS = /** @type {Record<string, MicrophoneProblem>} */ ({
  NotAllowedError: "microphoneRefused",
  SecurityError: "microphoneRefused",
  NotFoundError: "microphoneMissing",
  OverconstrainedError: "microphoneMissing",
});

export const UNPROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
/** All of it takes notes for echo or noise. */
export const MUSIC = { ...UNPROCESSED, channelCount: 2 };

/** A browser starts a second stream within half a second; 1.5 are compared. */
const PLAIN_MS = 2_500;

export class MicrophoneError extends Error {
  /**
   * @param {MicrophoneProblem} problem
   * @param {unknown} [cause]
   */
  constructor(problem, cause) {
    super(`no microphone: ${problem}`, { cause });
    this.problem = problem;
  }
}

export class Microphone {
  /** @type {MediaStream | null} null if there is no microphone */
  #stream = null;
  /** The same microphone without processing, for a moment. @type {MediaStreamTrack | null} */
  #plain = null;
  /** The worker sends nothing meanwhile; it still hears, to remind somebody who talks while muted. */
  muted = false;
  /** To be heard of it. */
  channels = 1;
  /** It was taken away: unplugged, or another app or a phone call has it. */
  onTaken = () => {};
  /** The app that took it has given it back. */
  onReturned = () => {};

  get stream() {
    return this.#stream;
  }

  /** Whether sound comes from it, or would without our own muting. */
  get works() {
    return this.#track?.muted === false;
  }

  get deviceId() {
    return this.#track?.getSettings().deviceId ?? "";
  }

  /**
   * @param {Wanted} processing
   * @param {string} [deviceId] empty where the system is to choose; it does so, too, where this one is gone
   * @throws {MicrophoneError}
   */
  async open(processing, deviceId = "") {
    const { channelCount = 1 } = processing;
    const ask = () => openStream({ ...processing, channelCount }, deviceId);
    let stream = await ask();
    // while the same microphone is open, Chromium passes over most wishes
    if (!isProcessedAs(stream, processing)) {
      stop(stream);
      this.close();
      stream = await ask().catch((error) => {
        this.onTaken();
        throw error;
      });
    }
    this.close();
    this.#stream = stream;
    this.channels = channelCount;
    this.#watch(stream.getAudioTracks()[0]);
  }

  /** @param {MediaStreamTrack} track */
  #watch(track) {
    track.onmute = () => this.onTaken();
    track.onunmute = () => this.onReturned();
    track.onended = () => {
      this.close();
      this.onTaken();
    };
  }

  /**
   * The same microphone beside it, without processing, for two seconds; null where it can't be had.
   *
   * A frame of its own asks for it: what one document hears of a microphone, Chromium processes alike.
   */
  async plainTrack() {
    const processed = this.#track;
    const deviceId = { exact: this.deviceId };
    const audio = { ...UNPROCESSED, channelCount: 1, deviceId };
    const frame = document.createElement("iframe");
    frame.hidden = true;
    document.body.append(frame);
    const devices = frame.contentWindow?.navigator.mediaDevices;
    const plain = await devices?.getUserMedia({ audio }).catch(() => null);
    const track = plain?.getAudioTracks()[0] ?? null;
    const giveBack = () => {
      track?.stop();
      frame.remove();
    };
    processed?.addEventListener("mute", giveBack, { once: true }); // on a device that lends it only once
    setTimeout(giveBack, PLAIN_MS);
    if (!processed || processed !== this.#track) giveBack();
    this.#plain = track;
    return track?.readyState === "live" ? track : null;
  }

  close() {
    this.#plain?.stop();
    if (this.#stream) stop(this.#stream);
    this.#stream = null;
  }

  /**
   * How old the first sample of a piece of sound is when we get the piece, in ms, of the piece since the last
   * call that was held up least; null where the browser doesn't say.
   */
  takeLatencyMs() {
    const track = /** @type {(MediaStreamTrack & {stats?: TrackStatistics}) | undefined} */ (this.#track);
    const stats = track?.stats;
    const ms = stats?.minimumLatency ?? stats?.latency ?? null;
    stats?.resetLatency?.();
    return ms;
  }

  get #track() {
    return this.#stream?.getAudioTracks()[0];
  }
}

/**
 * Some browsers do not tell all of it.
 * @param {MediaStream} stream
 * @param {import("../../shared/room_link.js").Processing} wanted
 */
function isProcessedAs(stream, wanted) {
  const is = stream.getAudioTracks()[0].getSettings();
  return PROCESSING.every((name) => Boolean(is[name] ?? wanted[name]) === wanted[name]);
}

/** @param {MediaStream} stream */
function stop(stream) {
  for (const track of stream.getTracks()) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }
}

/**
 * @param {MediaTrackConstraints} audio
 * @param {string} deviceId
 */
async function openStream(audio, deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError("insecure");
  preferTalking();
  try {
    const chosen = deviceId ? await openDevice(audio, deviceId) : null;
    return chosen ?? (await navigator.mediaDevices.getUserMedia({ audio }));
  } catch (error) {
    throw new MicrophoneError(problemOf(error), error);
  }
}

/** @param {unknown} error a browser's */
export const problemOf = (error) => PROBLEMS[/** @type {Error} */ (error).name] ?? "microphoneBusy";

/**
 * Null where this device is gone. A wish that is less than exact, some browsers pass over.
 * @param {MediaTrackConstraints} audio
 * @param {string} deviceId
 */
async function openDevice(audio, deviceId) {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, deviceId: { exact: deviceId } } });
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "OverconstrainedError") throw error;
    return null;
  }
}

/** iOS otherwise turns what others say down while the microphone is on. */
function preferTalking() {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (navigator);
  if (audioSession) audioSession.type = "play-and-record";
}
