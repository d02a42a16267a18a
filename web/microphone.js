// The microphone, or in one word why there is none.

/** @typedef {"insecure" | "refused" | "missing" | "busy"} MicrophoneProblem */

/** The names browsers give their refusals; any other means that the device can't be used just now. */
const PROBLEMS = /** @type {Record<string, MicrophoneProblem>} */ ({
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
});

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

/**
 * @param {import("./address.js").Processing} processing
 * @returns {Promise<MediaStream>}
 * @throws {MicrophoneError}
 */
export async function openMicrophone(processing) {
  if (!navigator.mediaDevices?.getUserMedia) throw new MicrophoneError("insecure");
  preferTalking();
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...processing, channelCount: 1 } });
  } catch (error) {
    throw new MicrophoneError(PROBLEMS[/** @type {Error} */ (error).name] ?? "busy", error);
  }
}

/** iOS otherwise turns what others say down while the microphone is on. */
function preferTalking() {
  const { audioSession } = /** @type {{audioSession?: {type: string}}} */ (navigator);
  if (audioSession) audioSession.type = "play-and-record";
}
