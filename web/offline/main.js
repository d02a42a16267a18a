// What is seen in the place of a page while the relay is away: waits for it, and then makes room for the
// page.

import { sleep } from "../shared/sleep.js";
import { fillFixedWords } from "../ui/dom.js";

/** A relay that was restarted is found within half a second; that a phone waits costs it little. */
const AGAIN_MS = 500;
/** For an answer: a network that needs longer carries no voice. */
const PATIENCE_MS = 3_000;

async function relayAnswers() {
  try {
    return (await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) })).ok;
  } catch {
    return false;
  }
}

fillFixedWords();
while (!(await relayAnswers())) await sleep(AGAIN_MS);
location.reload();
