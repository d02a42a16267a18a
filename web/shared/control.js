// Control messages: one JSON object with a `type` (streamer/wire/PROTOCOL.md, Control). Twin of wire/control.py.

/** @typedef {Record<string, any> & {type: string}} Message */
/** @typedef {"integer" | "string" | "boolean" | "array"} Kind */
/** @typedef {Record<string, Kind>} Fields */

/** @type {Fields} */ const PING = { t0: "integer" };
/** @type {Fields} */ const PONG = { t0: "integer", t1: "integer", t2: "integer" };
/** @type {Fields} */ const STATE = { muted: "boolean", away: "boolean", hand: "boolean" };
/** @type {Fields} */ const CLOCK = {
  timestamp: "integer",
  server_us: "integer",
  device_us: "integer",
  sent_us: "integer",
  error_us: "integer",
};
/** @type {Fields} */ const RELAYED = { received_us: "integer", relayed_us: "integer" };
/** @type {Fields} */ const CHAT = { text: "string" };
/** @type {Fields} */ const SAID = { code: "string", message: "string" };
/** @type {Fields} */ const TALKER = { talker_id: "integer" };
/** @type {Fields} */ const LOCK = { locked: "boolean" };
/** @type {Fields} */ const LIMITS = { hours: "integer", uses: "integer" };

/** @type {Record<string, Fields>} what a client may say */
export const FROM_CLIENT = {
  ping: PING,
  pong: PONG,
  state: STATE,
  clock: CLOCK,
  chat: CHAT,
  leave: {},
  mute: TALKER,
  remove: TALKER,
  lock: LOCK,
  invite: LIMITS,
  one_at_a_time: { on: "boolean" },
  floor: { wants: "boolean" },
};

/** @type {Record<string, Fields>} what a relay may say */
export const FROM_RELAY = {
  welcome: {
    ...TALKER,
    room: "string",
    name: "string",
    members: "array",
    server_us: "integer",
    host: "boolean",
    resume: "string",
    history: "array",
    ...LOCK,
  },
  joined: { ...TALKER, name: "string", ...STATE },
  left: TALKER,
  state: { ...TALKER, ...STATE },
  clock: { ...TALKER, ...CLOCK, ...RELAYED },
  ping: PING,
  pong: PONG,
  chat: { ...TALKER, ...CHAT },
  mute: TALKER,
  lock: { ...TALKER, ...LOCK },
  invite: { key: "string", ...LIMITS },
  floor: { ...TALKER, on: "boolean" },
  notice: SAID,
  error: SAID,
};

/** A text message is not a control message; `code` is the stable name of PROTOCOL.md. */
export class ControlError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/**
 * One control message, its fields checked; unknown fields are left out.
 * @param {string} text
 * @param {Record<string, Fields>} known FROM_CLIENT or FROM_RELAY
 * @returns {Message}
 * @throws {ControlError} `bad-json`, `bad-field` or `unknown-type`
 */
export function parseControl(text, known) {
  const message = parseObject(text);
  if (!Object.hasOwn(known, message.type)) {
    throw new ControlError("unknown-type", `no message is of type "${message.type.slice(0, 40)}"`);
  }
  /** @type {Message} */
  const checked = { type: message.type };
  for (const [name, kind] of Object.entries(known[message.type])) {
    checked[name] = checkedField(message, name, kind);
  }
  return checked;
}

/** @param {string} text */
function parseObject(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch (error) {
    throw new ControlError("bad-json", `a text message is not JSON: ${error}`);
  }
  if (message === null || typeof message !== "object" || typeof message.type !== "string") {
    throw new ControlError("bad-json", "a text message is not a JSON object with a type");
  }
  return message;
}

/**
 * @param {Message} message
 * @param {string} name
 * @param {Kind} kind
 */
function checkedField(message, name, kind) {
  if (!Object.hasOwn(message, name)) {
    throw new ControlError("bad-field", `"${message.type}" lacks its field "${name}"`);
  }
  if (!isOfKind(message[name], kind)) {
    throw new ControlError("bad-field", `field "${name}" of "${message.type}" is not of type ${kind}`);
  }
  return message[name];
}

/**
 * @param {unknown} value
 * @param {Kind} kind
 */
function isOfKind(value, kind) {
  if (kind === "integer") return Number.isSafeInteger(value);
  if (kind === "array") return Array.isArray(value);
  return typeof value === kind;
}
