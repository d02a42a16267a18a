// Who is in a room, told before joining to anybody with a valid invitation: GET /room. And knocking, where
// the room is locked.

/**
 * @typedef {{room: string, people: string[], count: number, locked: boolean, role: "talk" | "listen",
 *   captions: boolean, recording?: boolean}} Preview
 */
/**
 * @typedef {{state: "waiting", id: string} | {state: "admitted", resume: string} | {state: "declined"}
 *   | {state: "refused", reason: string, message: string}} Knock
 */
/** What Join would be told, too. @typedef {{error: string, message: string}} Refusal */

/** The host's answer is seen while it is news; forty questions a minute cost a relay nothing. */
const ASK_EVERY_MS = 1_500;

/**
 * @param {{room: string, key: string, token: string}} link
 * @returns {Promise<Preview | Refusal | null>} null where the relay is away
 */
export async function previewRoom({ room, key, token }) {
  try {
    const response = await fetch(
      `room?${new URLSearchParams({ room, ...(token ? { token } : key && { key }) })}`,
    );
    return await response.json();
  } catch {
    return null;
  }
}

/**
 * Asks to be let in, and waits for the host's answer.
 * @param {{room: string, key: string}} link
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<Knock>}
 */
export async function knock({ room, key }, name, signal) {
  let answer = await ask("POST", { room, key, name }, signal);
  while (answer.state === "waiting") {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    signal.throwIfAborted();
    const waiting = answer;
    // a phone's network comes back
    answer = await ask("GET", { room, id: waiting.id }, signal).catch(() => waiting);
  }
  return answer;
}

/**
 * @param {"GET" | "POST"} method
 * @param {Record<string, string>} fields
 * @param {AbortSignal} signal
 * @returns {Promise<Knock>}
 */
async function ask(method, fields, signal) {
  const response = await fetch(`knock?${new URLSearchParams(fields)}`, { method, signal });
  const body = await response.json();
  return response.ok ? body : { state: "refused", reason: body.error, message: body.message };
}
