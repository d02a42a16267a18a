"""How soon an announcement is heard, how soon a cancelled one is silent, and how much of one of 30 s arrives.

    scripts/bench announcements [--rounds 10]

On the sound rig, with a phone (Chromium) as the listener. A time counts from the moment before the HTTP
request is sent to the phone's loudspeaker, and holds up to 20 ms of the recording itself. Wanted: each below
200 ms at the median.
"""

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from announced import announce_and_cancel, announce_whole
from house_calls import HouseCalls
from phone import UNPROCESSED
from shared_room import open_room

WANTED_MS: Final = 200
LISTENER: Final = 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_room(Path(folder), 2) as room:
        room.phone(LISTENER, "Anna", UNPROCESSED)
        wire = room.rig.speaker(LISTENER)
        with room.rig.record() as recording, HouseCalls(room.relay) as house:
            rounds = [announce_and_cancel(recording, wire, house) for _ in range(options.rounds)]
            whole = announce_whole(recording, wire, house)
    show("from the request to the sound", [each.starts_ms for each in rounds])
    show("from cancelling to silence", [each.ends_ms for each in rounds])
    print(f"one of 30 s: {whole.heard}")
    print("load average: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))


def show(what: str, times: list[float]) -> None:
    median = statistics.median(times)
    verdict = "met" if median < WANTED_MS else "MISSED"
    print(
        f"{what:32} median {median:4.0f} ms, {min(times):.0f} to {max(times):.0f} ms; < {WANTED_MS} ms: "
        f"{verdict}"
    )


if __name__ == "__main__":
    main()
