"""One talks and another listens, on the rig: how long each chirp takes, and what the listener's own figure claims."""

import json
import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from phone import Phone, Phones
from processes import RelayProcess, StreamerProcess
from rig import Rig
from sound import chirp_delays_ms, chirps

EVERY_MS: Final = 600
LATEST_MS: Final = 550
SETTLE_MS: Final = 9_000
CLAIM_EVERY_MS: Final = 1_000
TALKER, LISTENER = 0, 1

Delays = list[float]
Round = tuple[Delays, float | None]
"""The delays of the chirps, and the figure that was claimed meanwhile."""

Measure = Callable[[Path, Rig, RelayProcess, int], Round]


def phone_to_phone(echo_cancelling: bool) -> Measure:
    def measure(folder: Path, rig: Rig, relay: RelayProcess, count: int) -> Round:
        with Phones(folder) as phones:
            for member in (TALKER, LISTENER):
                join(phones, rig, relay, member, echo_cancelling)
            return hear_chirps(rig, count, lambda: claimed_by_page(phones.all[LISTENER]))

    return measure


def phone_to_desktop(folder: Path, rig: Rig, relay: RelayProcess, count: int) -> Round:
    with Phones(folder) as phones, desktop(folder, rig, relay, LISTENER) as process:
        join(phones, rig, relay, TALKER, echo_cancelling=False)
        return hear_chirps(rig, count, lambda: claimed_by_terminal(process))


def desktop_to_phone(folder: Path, rig: Rig, relay: RelayProcess, count: int) -> Round:
    with Phones(folder) as phones, desktop(folder, rig, relay, TALKER):
        join(phones, rig, relay, LISTENER, echo_cancelling=False)
        return hear_chirps(rig, count, lambda: claimed_by_page(phones.all[0]))


def desktop_to_desktop(folder: Path, rig: Rig, relay: RelayProcess, count: int) -> Round:
    with desktop(folder, rig, relay, TALKER), desktop(folder, rig, relay, LISTENER) as process:
        return hear_chirps(rig, count, lambda: claimed_by_terminal(process))


def join(phones: Phones, rig: Rig, relay: RelayProcess, member: int, echo_cancelling: bool) -> None:
    link = relay.link if echo_cancelling else f"{relay.link}&echoCancellation=off"
    phones.start(rig, member, relay.authority).open(link).join(f"phone {member}")
    rig.wait_attached(member)


@contextmanager
def desktop(folder: Path, rig: Rig, relay: RelayProcess, member: int) -> Iterator[StreamerProcess]:
    arguments = ("talk", relay.link, "--ca", relay.authority, "--name", f"desk {member}", "--figures")
    home = folder / f"desk-{member}"
    with StreamerProcess(home, *arguments, environment=rig.environment(member)) as process:
        rig.attach(process.pid, member)
        rig.wait_attached(member)
        yield process


def hear_chirps(rig: Rig, count: int, claim: Callable[[], float | None]) -> Round:
    """After some seconds in which all clocks and buffers settle."""
    rig.play(rig.microphone(TALKER), chirps(SETTLE_MS // EVERY_MS, EVERY_MS)).wait()
    claims = []
    with rig.record() as recording:
        recording.wait_ms(300)
        playing = rig.play(rig.microphone(TALKER), chirps(count, EVERY_MS))
        for _ in range(count * EVERY_MS // CLAIM_EVERY_MS - 1):
            recording.wait_ms(CLAIM_EVERY_MS)
            claims.append(claim())
        playing.wait()
        recording.wait_ms(600)
        wires = recording.wire(rig.microphone(TALKER)), recording.wire(rig.speaker(LISTENER))
    known = [each for each in claims if each is not None]
    return chirp_delays_ms(*wires, latest_ms=LATEST_MS), statistics.median(known) if known else None


def claimed_by_page(phone: Phone) -> float | None:
    shown = " ".join(phone.page.locator(".delay").all_inner_texts())
    found = re.search(r"\d+", shown)
    return float(found[0]) if found else None


def claimed_by_terminal(process: StreamerProcess) -> float | None:
    lines = [line for line in process.log.splitlines() if line.startswith("{")]
    totals = [talker["total_ms"] for talker in json.loads(lines[-1])["talkers"]] if lines else []
    return float(totals[0]["now"]) if totals and totals[0] and totals[0]["now"] is not None else None
