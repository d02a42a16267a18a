// The key of this relay's host, where this browser has joined with it. It stays on this device: never in the
// address bar, never in what is shared.

import { load, save } from "../../ui/storage.js";

/** Empty where this browser is not a host's. */
export function hostKey() {
  return load("hostKey");
}

/** @param {string} key that the host's rights came with; empty where they came with what is kept already */
export function keepHostKey(key) {
  if (key && !hostKey()) save("hostKey", key);
}
