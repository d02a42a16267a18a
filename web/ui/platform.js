// What kind of device this is, as far as the way to trust goes.

/** @typedef {"ios" | "android" | "desktop"} Platform */

/**
 * @param {string} userAgent
 * @param {number} touchPoints an iPad says it is a Mac, but no Mac is touched with several fingers
 * @returns {Platform}
 */
export function platformOf(userAgent, touchPoints) {
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  if (/Macintosh/.test(userAgent) && touchPoints > 1) return "ios";
  return /Android/.test(userAgent) ? "android" : "desktop";
}
