"""How soon after a restart of the relay a terminal is back in its room, by itself.

    scripts/bench reconnect [--rounds 5]

From the relay's line that it is ready until the terminal's line that it is back.
"""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from audio_rig import wait_until  # noqa: E402
from machine_steadiness import Steadiness  # noqa: E402
from processes import RelayProcess, StreamerProcess  # noqa: E402

LONGEST_S: Final = 60


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    took_s = []
    with Steadiness() as machine:
        for _ in range(parser.parse_args().rounds):
            with tempfile.TemporaryDirectory() as folder:
                took_s.append(back_after_s(Path(folder)))
    verdict = "; the machine was too busy to say" if machine.stood_still else ""
    print(
        f"back after {statistics.median(took_s):.2f} s, from {min(took_s):.2f} to {max(took_s):.2f} "
        f"s{verdict}"
    )
    print(f"({machine})")


def back_after_s(folder: Path) -> float:
    with RelayProcess(folder / "relay", exit_code=-signal.SIGKILL) as relay:
        options = (relay.link, "--ca", relay.authority, "--output", folder / "heard.wav")
        with StreamerProcess(folder / "listener", "listen", *options) as listener:
            relay.wait_for_members(1)
            os.kill(relay.pid, signal.SIGKILL)
            wait_until(lambda: "The relay is away" in listener.log, LONGEST_S, listener.complaint)
            with RelayProcess(folder / "relay", "--port", str(urlsplit(relay.link).port)):
                began = time.monotonic()
                wait_until(lambda: "Back;" in listener.log, LONGEST_S, listener.complaint)
                return time.monotonic() - began


if __name__ == "__main__":
    main()
