// A bar that shows how loud it is. What moves it is a transform of a layer of its own: no other part of the page is laid out
// or painted for it, and where nothing has changed nothing is done.

import { meterOf } from "../shared/audio_level.js";

const STEPS = 50;

/**
 * @param {ParentNode | null | undefined} node what the meter is in
 * @param {number} level −dBov
 */
export function showMeter(node, level) {
  const bar = node?.querySelector(".meter span");
  if (!(bar instanceof HTMLElement)) return;
  const transform = `translateX(${(Math.round(STEPS * meterOf(level)) * 100) / STEPS - 100}%)`;
  if (bar.style.transform !== transform) bar.style.transform = transform;
}
