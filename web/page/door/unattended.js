// A device on a wall or at a door, where nobody is to press Join.

/**
 * Joins if the browser allows sound without a press; otherwise nothing changes, and the page waits for the
 * press.
 * @param {object} parts
 * @param {{state: string}} parts.call
 * @param {{pressJoin: () => void}} parts.door
 * @param {Pick<import("../sound/audio_graph.js").AudioGraph, "start" | "suspend">} parts.sound
 */
export async function joinUnattended({ call, door, sound }) {
  const runs = await sound.start();
  if (call.state !== "start") return; // somebody has pressed it meanwhile
  if (runs) door.pressJoin();
  else sound.suspend();
}
