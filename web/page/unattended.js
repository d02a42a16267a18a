// A device on a wall or at a door, where nobody is to press Join.

/**
 * Joins where the browser lets there be sound without a press; else all is as it was, and waits for the press.
 * @param {Pick<import("./view.js").View, "state" | "pressJoin">} screen
 * @param {Pick<import("./audio_graph.js").AudioGraph, "start" | "suspend">} sound
 */
export async function joinUnattended(screen, sound) {
  const runs = await sound.start();
  if (screen.state !== "start") return; // somebody has pressed it meanwhile
  if (runs) screen.pressJoin();
  else sound.suspend();
}
