"""How soon a doorbell is heard, and how soon the door obeys: the example scripts/examples/door_station.py.

    scripts/bench doorbell [--presses 20]

On the sound rig: from a press (a line on the door's standard input) to sound from the loudspeaker of a phone
(Chromium) in the room, with up to 20 ms of the recording itself. Then, between two programs: from the command
`open` to the door's `done`, and from the answer "Open" to its notice until the door reports that it is open.
Wanted, at the median: below 150 ms for the ring, below 50 ms for the door.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from audio_rig import Recording, Wire
from processes import RelayProcess
from shared_room import open_room

import streamer

DOOR: Final = Path(__file__).parents[2] / "scripts/examples/door_station.py"
LISTENER: Final = 0
SOUND: Final = 0.005
"""Of a ding-dong that begins at 0.3 and of a phone's own ring; an idle wire holds nothing."""

PATIENCE_S: Final = 30.0
QUIET_MS: Final = 3_000
"""The ding-dong lasts one second, the phone's ring less; then the jitter buffer is as it is for a new
voice."""

RING_MS: Final = 150
OPEN_MS: Final = 50


@contextmanager
def door_of(relay: RelayProcess, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The example, which trusts the relay as a program on its computer does."""
    command = [sys.executable, str(DOOR), relay.host_link, str(folder / "heard.wav")]
    environment = {**os.environ, "XDG_DATA_HOME": str(relay.home)}
    door = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert door.stdout
        while "Press Enter" not in (line := door.stdout.readline()):
            assert line, "the door ended"
        yield door
    finally:
        door.kill()
        door.wait()


def ring(door: subprocess.Popen[str], recording: Recording, wire: Wire) -> float:
    """In ms, from the press to the sound."""
    assert door.stdin
    pressed = recording.length
    door.stdin.write("\n")
    door.stdin.flush()
    heard = recording.wait_for_sound(wire, PATIENCE_S, SOUND, pressed)
    recording.wait_ms(QUIET_MS)
    return (heard - pressed) / 48


def rings(presses: int) -> list[float]:
    with tempfile.TemporaryDirectory() as name, open_room(Path(name), 2) as room:
        room.phone(LISTENER, "Anna")
        wire = room.rig.speaker(LISTENER)
        with door_of(room.relay, Path(name)) as door, room.rig.record() as recording:
            # Codec and caches are warm from then on, as at any door but the newest.
            ring(door, recording, wire)
            return [ring(door, recording, wire) for _ in range(presses)]


async def openings(relay: RelayProcess, folder: Path, presses: int) -> tuple[list[float], list[float]]:
    """In ms: of the command `open`, and of the answer "Open"."""
    by_command, by_answer = [], []
    with door_of(relay, folder) as door:
        assert door.stdin
        room = streamer.join(relay.host_link, name="Anna", ca_file=relay.authority)
        events = room.events()
        async with room, asyncio.timeout(PATIENCE_S * presses):
            while not room.members:
                await asyncio.sleep(0.01)
            [member] = room.members
            for _ in range(presses):
                began = perf_counter()
                result = await room.command(member, "open", deadline_s=20)
                by_command.append(1000 * (perf_counter() - began))
                assert result.outcome == "done", result
                await is_open(events, wanted=False)
                door.stdin.write("\n")
                door.stdin.flush()
                async for event in events:
                    if isinstance(event, streamer.Notice):
                        break
                began = perf_counter()
                room.reply(event, "Open")
                await is_open(events, wanted=True)
                by_answer.append(1000 * (perf_counter() - began))
                await is_open(events, wanted=False)
    return by_command, by_answer


async def is_open(events: "object", *, wanted: bool) -> None:
    async for event in events:  # type: ignore[attr-defined]
        if isinstance(event, streamer.Telemetry) and event.values == {"open": wanted}:
            return


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--presses", type=int, default=20)
    options = parser.parse_args()
    show("from the button to the sound", rings(options.presses), RING_MS)
    with tempfile.TemporaryDirectory() as name, RelayProcess(Path(name) / "relay") as relay:
        by_command, by_answer = asyncio.run(openings(relay, Path(name), options.presses))
    show("from `open` to `done`", by_command, OPEN_MS)
    show("from the answer to an open door", by_answer, OPEN_MS)
    print("load average: {:.1f} {:.1f} {:.1f}".format(*os.getloadavg()))


def show(what: str, times: list[float], wanted_ms: int) -> None:
    median = statistics.median(times)
    verdict = "met" if median < wanted_ms else "MISSED"
    print(
        f"{what:32} median {median:4.0f} ms, {min(times):.0f} to {max(times):.0f} ms; < {wanted_ms} ms: "
        f"{verdict}"
    )


if __name__ == "__main__":
    main()
