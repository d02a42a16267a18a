// Control messages: JSON objects with a `type` (streamer/wire/PROTOCOL.md, Control). Twin of wire/control.py.
//
// `FromClient` and `FromRelay` are tagged unions, so that a checker finds a misspelt field and a missing
// case; the tables below are checked against them.

/** @typedef {"talk" | "listen"} Role */
/**
 * @typedef {object} State what others see of a member; optional fields are `false` or 0 where a client does
 *   not send them
 * @property {boolean} muted
 * @property {boolean} away
 * @property {boolean} hand
 * @property {boolean} [listening]
 */
/**
 * @typedef {object} Member
 * @property {number} talker_id
 * @property {string} name
 * @property {boolean} muted
 * @property {boolean} away
 * @property {boolean} hand
 * @property {number} hand_us
 * @property {boolean} listening
 * @property {boolean} host
 * @property {Role} role
 */
/** @typedef {"info" | "warning" | "alarm"} Level */
/**
 * Only a notice has a `level`, and perhaps a `title`; a `caption` was said.
 * @typedef {{name: string, text: string, age_s: number, title?: string, level?: Level,
 *   caption?: boolean}} Line
 */
/** A device's report; null is unknown. @typedef {Record<string, string | number | boolean | null>} Values */
/** @typedef {"done" | "refused" | "unknown" | "timed-out" | "gone"} Outcome */
/** @typedef {{role: Role, key: string, ends_s: number, uses_left?: number}} WireInvite */
/** @typedef {{id: number, name: string}} Waiting */
/** @typedef {Record<"timestamp" | "server_us" | "device_us" | "sent_us" | "error_us", number>} Clock */
/** @typedef {{received_us: number, relayed_us: number}} Relayed */
/**
 * Times are ms of the relay's clock.
 * @typedef {{talker_id: number, id: number, start_ms: number, end_ms: number, text: string,
 *   final: boolean}} CaptionLine
 */
/** @typedef {Record<string, unknown>} Arguments */
/** @typedef {{device: string, name: string, arguments: Arguments, deadline_ms: number}} Asked */
/** @typedef {{type: "ping", t0: number}} Ping */
/** @typedef {{type: "pong", t0: number, t1: number, t2: number}} Pong */

/**
 * What a client may send.
 * @typedef {Ping | Pong | {type: "leave"}
 *   | {type: "state"} & State
 *   | {type: "clock"} & Clock
 *   | {type: "chat", text: string}
 *   | {type: "mute", talker_id: number}
 *   | {type: "remove", talker_id: number}
 *   | {type: "unbar", id: number}
 *   | {type: "answer", id: number, admit: boolean}
 *   | {type: "turn", talker_id: number}
 *   | {type: "lock", locked: boolean}
 *   | {type: "invite", hours: number, uses: number}
 *   | {type: "one_at_a_time", on: boolean}
 *   | {type: "only_hosts", on: boolean}
 *   | {type: "keep_captions", on: boolean}
 *   | {type: "floor", wants: boolean}
 *   | {type: "notify", id?: number, text: string, title?: string, level: Level, sound?: boolean,
 *     actions?: string[]}
 *   | {type: "reply", id: number, action: number}
 *   | {type: "telemetry", device: string, values: Values | null}
 *   | {type: "command", id: number, talker_id: number} & Asked
 *   | {type: "recording", on: boolean}
 *   | {type: "record", on: boolean}
 *   | {type: "leave-me-out", on: boolean}
 *   | {type: "result", id: number, outcome: Outcome, message: string}
 *   | {type: "captions", on: boolean}
 *   | {type: "captioning", on: boolean}
 *   | {type: "caption"} & CaptionLine} FromClient
 */
/**
 * @typedef {object} WelcomeFields
 * @property {number} talker_id
 * @property {string} room
 * @property {string} name
 * @property {Member[]} members
 * @property {number} server_us
 * @property {boolean} host
 * @property {Role} role
 * @property {string} resume
 * @property {Line[]} history
 * @property {boolean} locked
 * @property {boolean} only_hosts
 * @property {WireInvite[]} invites
 * @property {string} join_origin
 * @property {Waiting[]} barred
 * @property {Waiting[]} knocks
 * @property {boolean} [keep_captions]
 * @property {string[]} [rights]
 * @property {string[]} [relays]
 */
/**
 * What a relay may send.
 * @typedef {Ping | Pong
 *   | {type: "welcome"} & WelcomeFields
 *   | {type: "joined"} & Member
 *   | {type: "left", talker_id: number}
 *   | {type: "state", talker_id: number, muted: boolean, away: boolean, hand: boolean, hand_us: number,
 *     listening: boolean}
 *   | {type: "role", talker_id: number, role: Role}
 *   | {type: "clock", talker_id: number} & Clock & Relayed
 *   | {type: "chat", talker_id: number, text: string, name?: string, caption?: boolean}
 *   | {type: "mute", talker_id: number}
 *   | {type: "turn", talker_id: number}
 *   | {type: "lock", talker_id: number, locked: boolean}
 *   | {type: "only_hosts", talker_id: number, on: boolean}
 *   | {type: "keep_captions", talker_id: number, on: boolean}
 *   | {type: "invite", invites: WireInvite[]}
 *   | {type: "barred", barred: Waiting[]}
 *   | {type: "knocks", knocks: Waiting[]}
 *   | {type: "floor", talker_id: number, on: boolean}
 *   | {type: "notice", id: number, talker_id: number, name: string, title: string, text: string,
 *     level: Level, sound: boolean, actions: string[], own_id?: number}
 *   | {type: "reply", id: number, talker_id: number, name: string, action: number}
 *   | {type: "telemetry", talker_id: number, device: string, values: Values | null, age_ms: number}
 *   | {type: "command", id: number, talker_id: number, sender: string} & Asked
 *   | {type: "result", id: number, outcome: Outcome, message: string}
 *   | {type: "captioning", on: boolean}
 *   | {type: "caption", name: string} & CaptionLine
 *   | {type: "recording", on: boolean, by: string, left_out: number[]}
 *   | {type: "relays", relays: string[], move: boolean}
 *   | {type: "hint", code: string, message: string}
 *   | {type: "error", code: string, message: string, of?: string, id?: number}} FromRelay
 */

/**
 * `?` may be left out; `null` stands for a missing one.
 * @typedef {"integer" | "string" | "boolean" | "array" | "object" | "object or null" | "integer?"
 *   | "boolean?" | "string?" | "array?"} Kind
 */
/** @typedef {Record<string, Kind>} Fields */
/**
 * @template T
 * @typedef {T extends number ? "integer"
 *   : T extends string ? "string"
 *   : T extends boolean ? "boolean"
 *   : T extends unknown[] ? "array"
 *   : T extends null ? "object or null"
 *   : T extends object ? "object" | "object or null"
 *   : "integer?" | "boolean?" | "string?" | "array?"} KindOf
 */
/**
 * The table that a union asks for: a row for each type, a kind for each field.
 * @template {{type: string}} M
 * @typedef {{[T in M["type"]]:
 *   {[F in keyof Omit<Extract<M, {type: T}>, "type">]-?: KindOf<Extract<M, {type: T}>[F]>}}} Table
 */

/** Levels of lists and objects within a field. */
const MAX_NESTING = 16;

const PING = /** @type {const} */ ({ t0: "integer" });
const PONG = /** @type {const} */ ({ t0: "integer", t1: "integer", t2: "integer" });
const STATE = /** @type {const} */ ({ muted: "boolean", away: "boolean", hand: "boolean" });
const CLOCK = /** @type {const} */ ({
  timestamp: "integer",
  server_us: "integer",
  device_us: "integer",
  sent_us: "integer",
  error_us: "integer",
});
const TALKER = /** @type {const} */ ({ talker_id: "integer" });
const STATED = /** @type {const} */ ({ ...TALKER, ...STATE, hand_us: "integer", listening: "boolean" });
const MEMBER = /** @type {const} */ ({ ...STATED, name: "string", host: "boolean", role: "string" });
const ON = /** @type {const} */ ({ on: "boolean" });
const ASKED = /** @type {const} */ ({
  id: "integer",
  ...TALKER,
  device: "string",
  name: "string",
  arguments: "object",
  deadline_ms: "integer",
});
const RESULT = /** @type {const} */ ({ id: "integer", outcome: "string", message: "string" });
const REPORTED = /** @type {const} */ ({ device: "string", values: "object or null" });
const CAPTION = /** @type {const} */ ({
  ...TALKER,
  id: "integer",
  start_ms: "integer",
  end_ms: "integer",
  text: "string",
  final: "boolean",
});
const SAID = /** @type {const} */ ({ code: "string", message: "string" });

/** @type {Table<FromClient>} */
export const FROM_CLIENT = {
  ping: PING,
  pong: PONG,
  state: { ...STATE, listening: "boolean?" },
  clock: CLOCK,
  chat: { text: "string" },
  leave: {},
  mute: TALKER,
  remove: TALKER,
  unbar: { id: "integer" },
  answer: { id: "integer", admit: "boolean" },
  turn: TALKER,
  lock: { locked: "boolean" },
  invite: { hours: "integer", uses: "integer" },
  one_at_a_time: ON,
  only_hosts: ON,
  keep_captions: ON,
  floor: { wants: "boolean" },
  notify: {
    id: "integer?", text: "string", title: "string?", level: "string", sound: "boolean?", actions: "array?",
  },
  reply: { id: "integer", action: "integer" },
  telemetry: REPORTED,
  command: ASKED,
  result: RESULT,
  captions: ON,
  captioning: ON,
  caption: CAPTION,
  recording: ON,
  record: ON,
  "leave-me-out": ON,
};

/** @type {Table<FromRelay>} */
export const FROM_RELAY = {
  welcome: {
    ...TALKER,
    room: "string",
    name: "string",
    members: "array",
    server_us: "integer",
    host: "boolean",
    role: "string",
    resume: "string",
    history: "array",
    locked: "boolean",
    only_hosts: "boolean",
    invites: "array",
    join_origin: "string",
    barred: "array",
    knocks: "array",
    keep_captions: "boolean?",
    rights: "array?",
    relays: "array?",
  },
  joined: MEMBER,
  left: TALKER,
  state: STATED,
  role: { ...TALKER, role: "string" },
  clock: { ...TALKER, ...CLOCK, received_us: "integer", relayed_us: "integer" },
  ping: PING,
  pong: PONG,
  chat: { ...TALKER, text: "string", name: "string?", caption: "boolean?" },
  mute: TALKER,
  turn: TALKER,
  lock: { ...TALKER, locked: "boolean" },
  only_hosts: { ...TALKER, ...ON },
  keep_captions: { ...TALKER, ...ON },
  invite: { invites: "array" },
  barred: { barred: "array" },
  knocks: { knocks: "array" },
  floor: { ...TALKER, ...ON },
  notice: {
    id: "integer",
    ...TALKER,
    name: "string",
    title: "string",
    text: "string",
    level: "string",
    sound: "boolean",
    actions: "array",
    own_id: "integer?",
  },
  reply: { id: "integer", ...TALKER, name: "string", action: "integer" },
  telemetry: { ...TALKER, ...REPORTED, age_ms: "integer" },
  command: { ...ASKED, sender: "string" },
  result: RESULT,
  captioning: ON,
  caption: { ...CAPTION, name: "string" },
  recording: { ...ON, by: "string", left_out: "array" },
  relays: { relays: "array", move: "boolean" },
  hint: SAID,
  error: { ...SAID, of: "string?", id: "integer?" },
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
 * One control message, or null: what a newer relay means is not for us.
 * @template {FromClient | FromRelay} M
 * @param {string} text
 * @param {Table<M>} known
 * @returns {M | null}
 */
export function readControl(text, known) {
  try {
    return parseControl(text, known);
  } catch {
    return null;
  }
}

/**
 * One control message, its fields checked; unknown fields are left out.
 * @template {FromClient | FromRelay} M
 * @param {string} text
 * @param {Table<M>} known FROM_CLIENT or FROM_RELAY
 * @returns {M}
 * @throws {ControlError} `bad-json`, `bad-field` or `unknown-type`
 */
export function parseControl(text, known) {
  const message = parseObject(text);
  const table = /** @type {Record<string, Fields>} */ (known);
  if (!Object.hasOwn(table, message.type)) {
    throw new ControlError("unknown-type", `no message is of type "${message.type.slice(0, 40)}"`);
  }
  /** @type {Record<string, unknown>} */
  const checked = { type: message.type };
  const fields = Object.entries(table[message.type]);
  for (const [name, kind] of fields) checked[name] = checkedField(message, name, kind);
  return /** @type {M} */ (checked);
}

/**
 * @param {string} text
 * @returns {Record<string, unknown> & {type: string}}
 */
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

/** What an optional field is where it was left out. */
const left = { "integer?": () => 0, "boolean?": () => false, "string?": () => "", "array?": () => [] };

/**
 * @param {Record<string, unknown> & {type: string}} message
 * @param {string} name
 * @param {Kind} kind
 */
function checkedField(message, name, kind) {
  if (!Object.hasOwn(message, name)) {
    if (kind.endsWith("?")) return left[/** @type {keyof typeof left} */ (kind)]();
    throw new ControlError("bad-field", `"${message.type}" lacks its field "${name}"`);
  }
  if (!isOfKind(message[name], kind)) {
    throw new ControlError("bad-field", `field "${name}" of "${message.type}" is not of type ${kind}`);
  }
  if (isDeeper(message[name], MAX_NESTING)) {
    throw new ControlError("bad-field", `field "${name}" of "${message.type}" is nested too deeply`);
  }
  return message[name];
}

/**
 * @param {unknown} value
 * @param {Kind} kind
 */
function isOfKind(value, kind) {
  if (value === null) return kind === "object or null";
  if (kind.startsWith("integer")) return Number.isSafeInteger(value);
  if (kind.startsWith("array")) return Array.isArray(value);
  if (kind.startsWith("object")) return typeof value === "object" && !Array.isArray(value);
  return typeof value === kind.replace("?", "");
}

/**
 * Whether lists and objects of what JSON gave lie in one another on more than `most` levels.
 * @param {unknown} value
 * @param {number} most
 * @returns {boolean}
 */
function isDeeper(value, most) {
  if (typeof value !== "object" || value === null) return false;
  return most <= 0 || Object.values(value).some((each) => isDeeper(each, most - 1));
}
