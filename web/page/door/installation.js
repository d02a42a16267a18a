// The page as an app of its own: opens while the relay is away, and begins, where no link names a room, with
// the last one.

import { load } from "../../ui/storage.js";

/** As the manifest has it. */
const STARTED = "?installed";

export function install() {
  // not where the certificate is not trusted
  navigator.serviceWorker?.register("service_worker.js").catch(() => {});
}

/** The part of the address that names the room. */
export function fragmentAsked() {
  return location.hash || (location.search === STARTED ? load("fragment") : "");
}
