"""Mouth to ear by sound itself, on the rig: cables bring loudspeakers to a microphone, and the wires know the
truth.

To the millisecond, this is measured by `scripts/bench exact`.
"""

import json
import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import pytest
from attempts import first_good
from audio_rig import Rig
from phone import Phone
from processes import StreamerProcess
from shared_room import Room, open_room

from streamer.measure.chirps import echo_delays, find_chirps

pytestmark = [pytest.mark.sound, pytest.mark.browser]

PHONE, DESK, NOBODY = range(3)
CHIRPS: Final = 8
ENOUGH: Final = 5
"""Of 8 chirps, which have to come back by the cables at all."""
OFF: Final = 0.25
"""Of the truth; a machine that stands still between a chirp and its echo moves single ones."""


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("air")) as room:
        yield room


@pytest.fixture(scope="module")
def phone(room: Room) -> Phone:
    phone = room.phone(PHONE, "Phone", "")
    phone.open_experts()
    return phone


@contextmanager
def air(rig: Rig, here: int, there: int) -> Iterator[None]:
    with (
        rig.copy(rig.speaker(here), rig.microphone(here)),
        rig.copy(rig.speaker(there), rig.microphone(here)),
    ):
        yield


class Measured(NamedTuple):
    """In ms; what was said is None where no number was."""

    said: float | None
    on_wire: list[float]

    def agree(self) -> bool:
        """With the truth; it is not known where most chirps did not come back."""
        known = len(self.on_wire) >= ENOUGH
        return known and self.said == pytest.approx(statistics.median_low(self.on_wire), rel=OFF)

    def __str__(self) -> str:
        return f"{self.said} ms, on the wire {[round(echo, 1) for echo in self.on_wire]} ms"


def check(rig: Rig, here: int, say: Callable[[], float | None]) -> None:
    """Compare what is said, in ms, with what is on the microphone's wire: every chirp, and the same one
    again.

    Nobody can measure while the machine stands still; who measures wrongly does so each time.
    """

    def compare() -> Measured:
        with rig.record() as recording:
            said_ms = say()
            microphone = find_chirps(recording.wire(rig.microphone(here)))
        echoes = echo_delays(microphone, CHIRPS)
        return Measured(said_ms, [echo / 48 for echo in echoes if echo is not None])

    first_good(compare, Measured.agree)


def measure(
    room: Room, name: str, *options: str, chirps: int = CHIRPS, exit_code: int | None = 0
) -> StreamerProcess:
    """`streamer measure` with Desk's devices, to its end."""
    arguments = ("measure", room.relay.link, "--ca", room.relay.authority, "--chirps", str(chirps), *options)
    environment = room.rig.environment(DESK)
    with StreamerProcess(
        room.folder / name, *arguments, environment=environment, exit_code=exit_code
    ) as process:
        room.rig.attach(process.pid, DESK)
        process.wait(60)
    return process


def found_ms(process: StreamerProcess) -> float | None:
    answer: dict[str, Any] = json.loads(process.log[process.log.index("{") : process.log.rindex("}") + 1])
    return answer["delay_ms"]["p50"] if answer["delay_ms"] else None


def test_a_phone_measures_in_the_air_what_the_wires_say(room: Room, phone: Phone) -> None:
    def said() -> float | None:
        phone.press("Measure the delay through the air")
        phone.page.get_by_role("button", name="Stop measuring").wait_for()
        phone.page.get_by_role("button", name="Measure the delay through the air").wait_for(timeout=40_000)
        words = phone.page.locator("#air-words").inner_text()
        found = re.search(r"to Desk’s ear: (\d+) ms .*?(\d+) of 8 chirps", words)
        return float(found[1]) if found else None

    with air(room.rig, PHONE, DESK), room.desktop(DESK, "Desk"):
        check(room.rig, PHONE, said)


def test_the_terminal_measures_in_the_air_with_a_phone(room: Room, phone: Phone) -> None:
    with air(room.rig, DESK, PHONE):
        check(room.rig, DESK, lambda: found_ms(measure(room, "air", "--json", "--acoustic", exit_code=None)))


def test_through_the_sound_card_and_a_loop_cable_the_terminal_measures_what_the_wire_says(room: Room) -> None:
    rig = room.rig
    with rig.copy(rig.speaker(DESK), rig.microphone(DESK)):
        check(rig, DESK, lambda: found_ms(measure(room, "loop", "--json", "--device", exit_code=None)))


def test_without_a_cable_there_is_no_number_and_the_reason_is_said(room: Room) -> None:
    process = measure(room, "alone", "--device", chirps=1, exit_code=1)
    assert "the microphone heard nothing at all" in process.log
    assert "Nothing could be measured" in process.log
