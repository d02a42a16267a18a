// How often the relay is asked whether it is there again.

/** The twin, client/backoff.py, has the reasons. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 500;
/** About as many as in the first minute. After that, attempts are rarer. */
const QUICK_TRIES = 150;
const PATIENT_WAIT_MS = 1_000;

/**
 * How long to wait before the next try, half of it by chance: not all members come back in the same instant.
 * @param {number} tries since the last connection
 * @param {number} random 0 to 1
 */
export function waitMs(tries, random) {
  const longest = tries > QUICK_TRIES ? PATIENT_WAIT_MS : LONGEST_WAIT_MS;
  return Math.min(longest, FIRST_WAIT_MS * 2 ** (tries - 1)) * (0.5 + random / 2);
}
