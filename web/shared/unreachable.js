// The end of a dispatcher that has a case for each message: where one is forgotten, the type checker reports
// it here.

/**
 * @param {never} message
 * @returns {never}
 */
export function unreachable(message) {
  throw new TypeError(`nothing takes ${JSON.stringify(message)}`);
}
