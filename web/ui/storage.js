// What this browser alone keeps from one time to the next.

/** One site may have several relays, each below a path of its own; what is kept is one relay's. */
const FOLDER = new URL("..", import.meta.url).pathname;
const PREFIX = FOLDER === "/" ? "streamer." : `streamer.${FOLDER}.`;

/**
 * What was kept under `key`; empty where nothing was.
 * @param {string} key
 */
export function load(key) {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return ""; // storage is forbidden here; nothing is lost but a convenience
  }
}

/**
 * @param {string} key
 * @param {string} text
 */
export function save(key, text) {
  try {
    localStorage.setItem(PREFIX + key, text);
  } catch {
    // as above
  }
}

/**
 * What was kept as JSON; an empty object where it isn't one.
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
export function parseKept(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
