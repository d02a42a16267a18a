// The seven measured parts of a delay, as the five that people know: one phone, its network, the server, the
// other network, the other phone.

/** @typedef {import("../../shared/delay_parts.js").Figure} Figure */
/** @typedef {import("../../shared/delay_parts.js").Part} Part */
/** @typedef {"theirDevice" | "theirNetwork" | "server" | "yourNetwork" | "yourDevice"} PartShown */

/** In the order of the way. @type {readonly PartShown[]} */
export const PARTS_SHOWN = ["theirDevice", "theirNetwork", "server", "yourNetwork", "yourDevice"];

/** @type {Record<PartShown, readonly Part[]>} */
const MEASURED = {
  theirDevice: ["capture", "encode"],
  theirNetwork: ["up"],
  server: ["relay"],
  yourNetwork: ["down"],
  yourDevice: ["buffer", "output"],
};

/**
 * How long a part takes, in ms, by the median of the last seconds; null where nothing of it is known.
 * @param {Figure} figure
 * @param {PartShown} part
 */
export function msOf(figure, part) {
  const known = MEASURED[part].flatMap((measured) => figure.parts[measured].ms ?? []);
  return known.length === 0 ? null : known.reduce((sum, { p50 }) => sum + Math.max(0, p50), 0);
}

/**
 * Whether something of a part is unknown.
 * @param {Figure} figure
 * @param {PartShown} part
 */
export function isPartUnknown(figure, part) {
  return MEASURED[part].some((measured) => figure.parts[measured].ms === null);
}

/**
 * What a part is of the whole, 0 to 1.
 * @param {Figure} figure
 * @param {PartShown} part
 */
export function shareOf(figure, part) {
  const whole = PARTS_SHOWN.reduce((sum, each) => sum + (msOf(figure, each) ?? 0), 0);
  return whole > 0 ? (msOf(figure, part) ?? 0) / whole : 1 / PARTS_SHOWN.length;
}
