// Does this device trust the relay? Pages and sockets are asked apart: iOS lets a page pass after a press,
// and no socket.

const PATIENCE_MS = 4_000;

/** @typedef {"all" | "page" | "nothing"} Trust */

/**
 * @param {string} host with its port
 * @returns {Promise<Trust>}
 */
export async function probeTrust(host) {
  const [page, socket] = await Promise.all([asksPage(host), opensSocket(host)]);
  if (socket) return "all";
  return page ? "page" : "nothing";
}

/** @param {string} host */
async function asksPage(host) {
  try {
    await fetch(`https://${host}/trust`, {
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} host
 * @returns {Promise<boolean>}
 */
function opensSocket(host) {
  return new Promise((resolve) => {
    const socket = new WebSocket(`wss://${host}/trust`);
    const end = (/** @type {boolean} */ opened) => {
      resolve(opened);
      socket.close();
    };
    socket.onopen = () => end(true);
    socket.onerror = () => end(false);
    setTimeout(() => end(false), PATIENCE_MS);
  });
}
