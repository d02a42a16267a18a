// What the link says, as the relay prints it: https://192.168.1.20:8443/#room=kitchen&key=1nv1te. Twin of client/address.py.
//
// Room and invite are in the fragment, so that no server, log or Referer sees them. What a device on a wall is to do stands
// there too, #room=kitchen&name=Door&auto, and options: for measurements, as in #room=kitchen&echoCancellation=off, and music=on.

export const ECHO_ROOM = "echo";
export const PROCESSING = /** @type {const} */ (["echoCancellation", "noiseSuppression", "autoGainControl"]);

/** @typedef {Record<typeof PROCESSING[number], boolean>} Processing what the browser does to the microphone's sound */

/**
 * @typedef {object} RoomLink
 * @property {string} room empty where the link names none
 * @property {string} key
 * @property {string} token of a program or device, in place of an invitation
 * @property {string} name empty where the link gives none
 * @property {boolean} auto the page is to begin by itself, where the browser lets it
 * @property {boolean} listen without a microphone
 * @property {Processing} processing
 * @property {boolean} music what is sent is to be music
 */

/**
 * @param {string} fragment with or without its #
 * @returns {RoomLink}
 */
export function parseFragment(fragment) {
  const asked = new URLSearchParams(fragment.replace(/^#/, ""));
  const processing = Object.fromEntries(PROCESSING.map((name) => [name, asked.get(name) !== "off"]));
  return {
    room: asked.get("room") ?? "",
    key: asked.get("key") ?? "",
    token: asked.get("token") ?? "",
    name: asked.get("name") ?? "",
    auto: asked.has("auto"),
    listen: asked.has("listen"),
    processing: /** @type {Processing} */ (processing),
    music: asked.get("music") === "on",
  };
}

/**
 * What leads back into a room; options don't last.
 * @param {Omit<RoomLink, "processing" | "music">} address
 */
export function serializeFragment({ room, key, token, name, auto, listen }) {
  const flags = { ...(auto && { auto: "" }), ...(listen && { listen: "" }) };
  return `#${new URLSearchParams({ room, ...(key && { key }), ...(token && { token }), ...(name && { name }), ...flags })}`;
}

/**
 * Where the room's socket is.
 * @param {string} origin of the page
 * @param {{room: string, key: string, token?: string, resume?: string, listen?: boolean, leaveOut?: boolean}} link `resume` stands for an invitation; `listen`: no voice; `leaveOut`: of recordings
 * @param {string} name what the others see
 */
export function socketUrl(origin, { room, key, token, resume, listen, leaveOut }, name) {
  const url = new URL("/ws", origin.replace(/^http/, "ws"));
  url.searchParams.set("room", room);
  if (key) url.searchParams.set("key", key);
  if (token) url.searchParams.set("token", token);
  if (name) url.searchParams.set("name", name);
  if (resume) url.searchParams.set("resume", resume);
  if (listen) url.searchParams.set("listen", "1");
  if (leaveOut) url.searchParams.set("leave_out", "1");
  return url.href;
}

/**
 * @param {string} text that somebody pasted, or that a code says
 * @returns {URL | null} null where it is no link to a room
 */
export function linkOf(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && /^https?:$/.test(url.protocol) && parseFragment(url.hash).room ? url : null;
}
