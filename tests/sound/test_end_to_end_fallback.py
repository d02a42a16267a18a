"""Two phones talk through a real nginx that strips Upgrade, and are back on WebSockets once it does not any more."""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import pytest
from audio_rig import Rig
from free_port import free_port
from pairs import EVERY_MS, chirps_in_noise
from phone import UNPROCESSED, Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from sound import chirp_delays_ms
from stripping_nginx import BUFFERS, LETS_THROUGH, Nginx

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = range(2)
CHIRPS: Final = 12
RETURN_MS: Final = 15_000
"""A page tries the WebSocket every few seconds."""
HEARD: Final = 0.8
"""Of the chirps, on a machine that has other things to do; of a voice that is not heard, none is found."""
LATEST_MS: Final = 1_500
SLOWER_MS: Final = 500
"""At p50, on a machine in need, whose load changes meanwhile. What it is on one that has time, is printed."""


class Call(NamedTuple):
    rig: Rig
    anna: Phone
    ben: Phone
    nginx: Nginx


@pytest.fixture(params=["", BUFFERS], ids=["stripping", "buffering"])
def call(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Call]:
    port, relay_port = free_port(), free_port()
    with ExitStack() as stack:
        rig = stack.enter_context(Rig(2))
        origin = f"http://127.0.0.1:{port}"
        relay = RelayProcess(tmp_path / "relay", "--no-tls", "--port", str(relay_port), "--url", origin)
        nginx = stack.enter_context(Nginx(tmp_path / "nginx", relay_port, request.param, port))
        stack.enter_context(relay)
        phones = stack.enter_context(Phones(tmp_path / "phones"))
        for member, name in enumerate(("Anna", "Ben")):
            phones.start(rig, member).open(relay.link + UNPROCESSED).join(name)
            rig.wait_attached(member)
        yield Call(rig, *phones.all, nginx)


def delays_ms(call: Call, count: int) -> list[float]:
    with call.rig.record() as recording:
        recording.wait_ms(300)
        call.rig.play(call.rig.microphone(ANNA), chirps_in_noise(count)).wait()
        recording.wait_ms(LATEST_MS)
        wires = recording.wire(call.rig.microphone(ANNA)), recording.wire(call.rig.speaker(BEN))
    return chirp_delays_ms(*wires, latest_ms=LATEST_MS)


def test_two_phones_talk_by_the_slow_path_and_come_back(call: Call) -> None:
    notes = [phone.page.locator("#slow-path") for phone in (call.anna, call.ben)]
    for note in notes:
        expect(note).to_be_visible()
    slow = delays_ms(call, CHIRPS)
    print(f"slow path: {len(slow)} of {CHIRPS} chirps, {statistics.median(slow or [0]):.0f} ms at p50")
    assert len(slow) >= HEARD * CHIRPS
    expect(call.ben.delays().first).to_contain_text("ms")  # the delay is shown as always
    check_return(call)
    usual = delays_ms(call, CHIRPS)
    print(f"on WebSockets: {len(usual)} of {CHIRPS} chirps, {statistics.median(usual):.0f} ms at p50")
    assert statistics.median(slow) < statistics.median(usual) + SLOWER_MS
    for phone in (call.anna, call.ben):
        assert [error for error in phone.errors if "WebSocket" not in error and "400" not in error] == []


def check_return(call: Call) -> None:
    """The block is removed while Anna talks: nothing of it is lost on the way over."""
    count = RETURN_MS // EVERY_MS
    with call.rig.record() as recording:
        recording.wait_ms(300)
        playing = call.rig.play(call.rig.microphone(ANNA), chirps_in_noise(count))
        call.nginx.change(LETS_THROUGH)
        began = monotonic()
        for phone in (call.anna, call.ben):
            expect(phone.page.locator("#slow-path")).to_be_hidden()
        back_s = monotonic() - began
        playing.wait()
        recording.wait_ms(LATEST_MS)
        wires = recording.wire(call.rig.microphone(ANNA)), recording.wire(call.rig.speaker(BEN))
    heard = len(chirp_delays_ms(*wires, latest_ms=LATEST_MS))
    print(f"back after {back_s:.1f} s; {heard} of {count} chirps were heard meanwhile")
    assert heard >= HEARD * count
    for phone in (call.anna, call.ben):
        expect(phone.names()).to_have_count(2)
