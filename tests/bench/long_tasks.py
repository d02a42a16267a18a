"""Whether the page stays quick while many talk: its tasks of over 50 ms, in which it answers nobody.

    scripts/bench long_tasks [--talkers 6] [--seconds 10] [--rounds 3]

A busy machine takes the page's turn away in the middle of a task; so each round says how steadily the machine
ran.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from audio_rig import Rig  # noqa: E402
from machine_steadiness import Steadiness  # noqa: E402
from phone import Phone, Phones  # noqa: E402
from processes import RelayProcess  # noqa: E402
from synthetic_room import crowd  # noqa: E402

LONG_MS: Final = 50
"""Of the Long Tasks API (W3C): from here on a person notices."""
OBSERVE: Final = """() => {
    globalThis.long = [];
    const keep = (list) => long.push(...list.getEntries().map((task) => task.duration));
    new PerformanceObserver(keep).observe({ type: "longtask" });
}"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--talkers", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        Rig() as rig,
        RelayProcess(Path(folder) / "relay") as relay,
        Phones(Path(folder) / "phones") as phones,
    ):
        phone = phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
        with crowd(relay, options.talkers, talkers=options.talkers):
            phone.page.locator("main .pill:visible").nth(options.talkers - 1).wait_for()
            phone.page.evaluate(OBSERVE)
            for _ in range(options.rounds):
                measure(phone, options.seconds)


def measure(phone: Phone, seconds: float) -> None:
    phone.page.evaluate("long.length = 0")
    with Steadiness() as machine:
        phone.page.wait_for_timeout(1000 * seconds)
    tasks = [round(task) for task in phone.page.evaluate("long")]
    worst = f"the longest {max(tasks)} ms" if tasks else "none"
    verdict = "; the machine was too busy to say" if tasks and machine.stood_still else ""
    print(f"tasks over {LONG_MS} ms in {seconds:.0f} s: {len(tasks)}, {worst}{verdict} ({machine})")


if __name__ == "__main__":
    main()
