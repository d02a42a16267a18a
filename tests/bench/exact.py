"""What hangs on how fast the machine is: milliseconds and decibels by sound itself, each with what it should
be.

    scripts/bench exact [--only NAME] [--rounds 3]

Each line is a figure's median over the rounds, its spread, and what is wanted. Rounds in which the machine
stood still count only if there are no others; then the line says that the machine was too busy to say.
Nothing here ever fails. How long a voice takes, and how true the figure beside a name is, is measured by
`scripts/bench latency`.
"""

import argparse
import itertools
import os
import re
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

HERE: Final = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support")]

from audio_rig import Rig  # noqa: E402
from following import code, follow  # noqa: E402
from machine_steadiness import Steadiness  # noqa: E402
from phone import UNPROCESSED, Phone  # noqa: E402
from room import open_room  # noqa: E402
from sound import (  # noqa: E402
    SAMPLE_RATE,
    Samples,
    chirp_delays_ms,
    chirps,
    speech,
    tone,
    tone_dbfs,
    turns_ms,
)

from streamer.measure.chirps import echo_delays, find_chirps  # noqa: E402

ANNA, BEN, ANNAS_RIGHT, BENS_RIGHT = range(4)
AUDIBLE: Final = 0.01
HOWL_DBFS: Final = -18

Figures = dict[str, float]


class Exact(NamedTuple):
    """How to measure once, and what each of its figures should be."""

    measure: Callable[[Path], Figures]
    wanted: dict[str, str]


def copy_loop(folder: Path) -> Figures:
    with Rig(2) as rig, rig.record() as recording, rig.copy(rig.microphone(ANNA), rig.speaker(BEN)):
        rig.play(rig.microphone(ANNA), chirps(12)).wait()
        recording.wait_ms(200)
        delays = chirp_delays_ms(recording.wire(rig.microphone(ANNA)), recording.wire(rig.speaker(BEN)))
    return {"copy loop, ms": statistics.median(delays), "copy loop, spread in ms": float(np.ptp(delays))}


def button(folder: Path) -> Figures:
    with open_room(folder) as room, room.rig.record() as recording:
        anna, _ = room.phone(ANNA, "Anna"), room.phone(BEN, "Ben")
        anna.push_to_talk()
        rig = room.rig
        start = recording.length
        playing = rig.play(rig.microphone(ANNA), code(ANNA, 5))
        recording.wait_for_sound(rig.microphone(ANNA), 5, start=start)
        recording.wait_ms(1_000)
        anna.page.locator("#disc").hover()
        pressed = recording.length - start
        anna.page.mouse.down()
        recording.wait_ms(1_000)
        released = recording.length - start
        anna.page.mouse.up()
        playing.wait()
        recording.wait_ms(500)
        heard = follow(
            recording.wire(rig.microphone(ANNA), start), recording.wire(rig.speaker(BEN), start)
        )
    return {
        "button opens, ms after the press": ms(int(heard.said_at.min()) - pressed),
        "button closes, ms after the release": ms(int(heard.said_at.max()) - released),
    }


def guard(folder: Path) -> Figures:
    with open_room(folder, 2) as room, ExitStack() as cables:
        phones = [room.phone(member, name) for member, name in ((ANNA, "Anna"), (BEN, "Ben"))]
        rig = room.rig
        for source, target in itertools.product((ANNA, BEN), (ANNA, BEN)):
            cables.enter_context(rig.copy(rig.speaker(source), rig.microphone(target)))
        recording = cables.enter_context(rig.record())
        rig.play(rig.microphone(ANNA), speech())
        began = recording.wait_for_sound(rig.speaker(BEN), 10)
        while not any(phone.page.locator("#feedback").is_visible() for phone in phones):
            recording.wait_ms(50)
            if recording.length > began + 20 * SAMPLE_RATE:
                break
        spoke_ms = ms(recording.length - began)
        recording.wait_ms(8_000)
        howls_ms = [longest_howl_ms(recording.wire(rig.speaker(member))) for member in (ANNA, BEN)]
    return {"guard speaks, ms": spoke_ms, "longest howl, ms": max(howls_ms)}


def longest_howl_ms(heard: Samples) -> float:
    """How long a loudspeaker is loud without a gap; a voice has gaps."""
    return max((ms for is_loud, ms in turns_ms(heard, HOWL_DBFS) if is_loud), default=0)


def absence(folder: Path) -> Figures:
    with open_room(folder) as room, room.rig.record() as recording:
        room.phone(ANNA, "Anna"), room.phone(BEN, "Ben")
        rig = room.rig
        start = recording.length
        rig.play(rig.microphone(ANNA), code(ANNA, 14))
        recording.wait_for_sound(rig.speaker(BEN), 5, start=start)
        recording.wait_ms(2_000)
        os.kill(room.relay.pid, signal.SIGSTOP)
        recording.wait_ms(5_000)
        os.kill(room.relay.pid, signal.SIGCONT)
        returned = recording.length - start
        recording.wait_ms(4_000)
        heard = follow(
            recording.wire(rig.microphone(ANNA), start), recording.wire(rig.speaker(BEN), start), 9_000
        )
    after = heard.heard_at > returned
    if not after.any():
        return {}
    return {
        "heard again after a stalled relay, ms": ms(int(heard.heard_at[after][0]) - returned),
        "oldest that is heard then, ms": float(heard.delays_ms[after].max()),
    }


def stereo(folder: Path) -> Figures:
    with open_room(folder, 4) as room, room.rig.record() as recording:
        rig = room.rig
        rig.widen(ANNA, ANNAS_RIGHT)
        rig.widen(BEN, BENS_RIGHT)
        room.phone(ANNA, "Anna", "&music=on"), room.phone(BEN, "Ben")
        for member, hertz in ((ANNA, 440), (ANNAS_RIGHT, 660)):
            rig.play(rig.microphone(member), tone(hertz, 4))
        recording.wait_ms(4_000)
        stop = recording.length
        left, right = (
            recording.wire(rig.speaker(member), stop - 72_000, stop) for member in (BEN, BENS_RIGHT)
        )
    return {
        "left above right, dB": tone_dbfs(left, 440) - tone_dbfs(left, 660),
        "right above left, dB": tone_dbfs(right, 660) - tone_dbfs(right, 440),
    }


def volume(folder: Path) -> Figures:
    with open_room(folder) as room, room.rig.record() as recording:
        _, ben = room.phone(ANNA, "Anna"), room.phone(BEN, "Ben")
        gains = []
        for percent in ("100", "50"):
            ben.set_volume("Anna", int(percent))
            recording.wait_ms(300)
            start = recording.length
            room.rig.play(room.rig.microphone(ANNA), code(ANNA, 2)).wait()
            recording.wait_ms(800)
            wires = (room.rig.microphone(ANNA), room.rig.speaker(BEN))
            gains.append(follow(*(recording.wire(wire, start) for wire in wires)).gain_db)
    return {"half the volume, dB softer": gains[0] - gains[1]}


def join(folder: Path) -> Figures:
    with open_room(folder) as room:
        rig = room.rig
        room.phone(ANNA, "Anna")
        late: Phone = room.phones.start(rig, BEN, room.relay.authority).open(room.relay.link + UNPROCESSED)
        with rig.record() as recording:
            rig.play(rig.microphone(ANNA), code(ANNA, 8))
            recording.wait_ms(500)
            pressed = recording.length
            late.join("Ben")
            heard = recording.wait_for_sound(rig.speaker(BEN), 8, AUDIBLE, pressed)
    return {"from Join to the first sound, ms": ms(heard - pressed)}


def air(folder: Path) -> Figures:
    with open_room(folder, 2) as room, room.desktop(BEN, "Desk"), ExitStack() as cables:
        rig = room.rig
        phone = room.phone(ANNA, "Anna", "")
        phone.open_experts()
        for source in (ANNA, BEN):
            cables.enter_context(rig.copy(rig.speaker(source), rig.microphone(ANNA)))
        recording = cables.enter_context(rig.record())
        phone.press("Measure the delay through the air")
        phone.page.get_by_role("button", name="Stop measuring").wait_for()
        phone.page.get_by_role("button", name="Measure the delay through the air").wait_for(timeout=40_000)
        said = re.search(r": (\d+) ms .*?(\d+) of 8 chirps", phone.page.locator("#air-words").inner_text())
        echoes = echo_delays(find_chirps(recording.wire(rig.microphone(ANNA))), 8)
    truth_ms = [echo / 48 for echo in echoes if echo is not None]
    if not said or not truth_ms:
        return {}
    return {
        "measured in the air, ms off": float(said[1]) - statistics.median_low(truth_ms),
        "chirps found, of 8": float(said[2]),
    }


def ms(samples: int) -> float:
    return samples * 1000 / SAMPLE_RATE


EXACT: Final[dict[str, Exact]] = {
    "rig": Exact(copy_loop, {"copy loop, ms": "< 25", "copy loop, spread in ms": "< 5"}),
    "button": Exact(
        button,
        {
            "button opens, ms after the press": "-120 to 20",
            "button closes, ms after the release": "0 to 230",
        },
    ),
    "guard": Exact(guard, {"guard speaks, ms": "< 3000", "longest howl, ms": "< 1000"}),
    "absence": Exact(
        absence,
        {"heard again after a stalled relay, ms": "< 1000", "oldest that is heard then, ms": "< 500"},
    ),
    "stereo": Exact(stereo, {"left above right, dB": "> 30", "right above left, dB": "> 30"}),
    "volume": Exact(volume, {"half the volume, dB softer": "10.5 to 13.5"}),
    "join": Exact(join, {"from Join to the first sound, ms": "< 2000"}),
    "air": Exact(air, {"measured in the air, ms off": "-1 to 1", "chirps found, of 8": "> 6"}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", choices=("", *EXACT), help="one group of figures")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for name, exact in EXACT.items():
        if options.only in ("", name):
            rounds = [one_round(exact) for _ in range(options.rounds)]
            for figure, wanted in exact.wanted.items():
                show(figure, wanted, rounds)


def one_round(exact: Exact) -> tuple[Figures, bool]:
    """What was measured, and whether the machine kept time meanwhile."""
    with tempfile.TemporaryDirectory() as folder, Steadiness() as machine:
        try:
            figures = exact.measure(Path(folder))
        except Exception as error:  # a benchmark goes on, and says what it could not measure
            print(f"not measured: {type(error).__name__}: {str(error).splitlines()[0]}", file=sys.stderr)
            figures = {}
    return figures, not machine.stood_still


def show(figure: str, wanted: str, rounds: list[tuple[Figures, bool]]) -> None:
    steady = [figures[figure] for figures, kept_time in rounds if kept_time and figure in figures]
    values = steady or [figures[figure] for figures, _ in rounds if figure in figures]
    remark = "" if steady else "the machine was too busy to say"
    if not values:
        print(f"{figure:40} not measured   {remark}", flush=True)
        return
    spread = f"{min(values):.1f} to {max(values):.1f}"
    median = f"{figure:40} {statistics.median(values):9.1f}   {spread:20}"
    print(f"{median} of {len(values)}   wanted {wanted:12} {remark}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
