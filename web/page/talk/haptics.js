// What a hand feels of it, on devices that can vibrate.

/** A short tick, as of a key; shorter ones do not start the motors of many phones. */
const PRESS_MS = 15;
const MUTED_MS = [30, 60, 30];

export function feelPress() {
  navigator.vibrate?.(PRESS_MS);
}

export function feelMuted() {
  navigator.vibrate?.(MUTED_MS);
}
