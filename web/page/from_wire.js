// What the relay tells, as the page keeps it: times in ms, and of this device's clock.

const SECOND_MS = 1_000;

/** A raised hand of our own is last until the relay says when it was raised. @param {boolean} hand */
export const handOf = (hand) => ({ hand, hand_us: hand ? Number.MAX_SAFE_INTEGER : 0 });

/** @param {import("../shared/control.js").WireInvite} invite */
export const inviteOf = ({ role, key, ends_s }) => ({ role, key, ends: ends_s * SECOND_MS });

/** @param {import("../shared/control.js").Line} line */
export const lineOf = ({ age_s, ...line }) => ({ ...line, own: false, atMs: Date.now() - age_s * SECOND_MS });
