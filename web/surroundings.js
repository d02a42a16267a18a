// What a link needs of the world, as a browser has it.

/** @type {import("./link.js").Surroundings} */
export const SURROUNDINGS = {
  open: (url, protocol) => new WebSocket(url, protocol),
  fetch: (url) => fetch(url, { cache: "no-store" }),
  later: (call, ms) => setTimeout(call, ms),
  cancel: (timer) => clearTimeout(timer),
  random: Math.random,
};
