// Which microphones and loudspeakers there are, as far as the browser tells.

/** @typedef {{id: string, label: string}} Device */

/** Browsers list these beside the devices that they stand for. */
const STANDING_FOR = new Set(["", "default", "communications"]);

/**
 * @returns {Promise<{microphones: Device[], loudspeakers: Device[]}>} with names once the microphone was
 *   allowed
 */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (/** @type {MediaDeviceKind} */ wanted) =>
    all
      .filter(({ kind, deviceId }) => kind === wanted && !STANDING_FOR.has(deviceId))
      .map(({ deviceId, label }) => ({ id: deviceId, label }));
  return { microphones: of("audioinput"), loudspeakers: of("audiooutput") };
}
