// What the link says, as the relay prints it: https://192.168.1.20:8443/#room=kitchen&key=1nv1te. Twin of
// wire/room_link.py.
//
// Room and invite are in the fragment, so that no server, log or Referer sees them. What a device on a wall
// is to do stands there too, #room=kitchen&name=Door&auto, and options: for measurements, as in
// #room=kitchen&echoCancellation=off, and music=on.

export const ECHO_ROOM = "echo";
export const PROCESSING = /** @type {const} */ (["echoCancellation", "noiseSuppression", "autoGainControl"]);

/**
 * @typedef {Record<typeof PROCESSING[number], boolean>} Processing what the browser does to the microphone's
 *   sound
 */

/**
 * @typedef {object} RoomLink
 * @property {string} room empty where the link names none
 * @property {string} key
 * @property {string} token of a program or device, in place of an invitation
 * @property {string} name empty where the link gives none
 * @property {boolean} auto the page is to begin by itself, where the browser lets it
 * @property {boolean} listen without a microphone
 * @property {boolean} captions a hall's screen: captions only; it begins by itself, without a microphone
 * @property {Processing} processing
 * @property {boolean} music send music, not voice
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
    auto: asked.has("auto") || asked.has("captions"),
    listen: asked.has("listen") || asked.has("captions"),
    captions: asked.has("captions"),
    processing: /** @type {Processing} */ (processing),
    music: asked.get("music") === "on",
  };
}

/**
 * What leads into a room, or back; options don't last. `listen` stands before the key: `#room=NAME&key=KEY`
 * is the way in to talk, for whatever looks for that in a text.
 * @param {Pick<RoomLink, "room">
 *   & Partial<Pick<RoomLink, "key" | "token" | "name" | "auto" | "listen" | "captions">>} link
 */
export function serializeFragment({ room, key, token, name, auto, listen, captions }) {
  const rest = new URLSearchParams({ ...(key && { key }), ...(token && { token }), ...(name && { name }) });
  const parts = [
    new URLSearchParams({ room }),
    listen && "listen",
    rest,
    auto && "auto",
    captions && "captions",
  ];
  return `#${parts
    .map((part) => String(part || ""))
    .filter(Boolean)
    .join("&")}`;
}

/**
 * The folder that a page or script of the relay is in: the relay may be below a path of somebody else's site.
 * @param {string} href
 * @returns {string} with a slash at its end
 */
export const folderOf = (href) => new URL(".", href).href;

/**
 * Where the room's socket is.
 * @param {string} relay the address of any page or script of the relay beside which the socket is
 * @param {{room: string, key: string, token?: string, resume?: string, listen?: boolean, leaveOut?: boolean}}
 *   link `resume` stands for an invitation; `listen`: no voice; `leaveOut`: of recordings
 * @param {string} name what the others see
 */
export function socketUrl(relay, { room, key, token, resume, listen, leaveOut }, name) {
  const url = new URL("ws", relay.replace(/^http/, "ws"));
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
 * The same socket, for one attempt to come in.
 * @param {string} url of the room's socket
 * @param {string} resume what makes us the same member: the token of the last welcome, or before the first
 *   our own
 * @param {number} attempt counts ours, so that the relay knows one that was held up
 */
export function attemptUrl(url, resume, attempt) {
  const attempting = new URL(url);
  attempting.searchParams.set("resume", resume);
  attempting.searchParams.set("attempt", String(attempt));
  return attempting.href;
}

/**
 * The same attempt, by somebody who takes several packets in one message.
 * @param {string} url
 */
export function takingBundles(url) {
  const taking = new URL(url);
  taking.searchParams.set("bundles", "1");
  return taking.href;
}

/**
 * @param {string} text that somebody pasted, or that a code says
 * @returns {URL | null} null where it is no link to a room
 */
export function linkOf(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && /^https?:$/.test(url.protocol) && parseFragment(url.hash).room ? url : null;
}
