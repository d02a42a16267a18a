"""Two phones talk through a real nginx that strips Upgrade, and are back on WebSockets once it does not any
more."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

import pytest
from attempts import first_good
from audio_rig import Rig
from following import Followed, code, follow
from free_port import free_port
from phone import UNPROCESSED, Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from stripping_nginx import BUFFERS, LETS_THROUGH, Nginx

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = range(2)
SAID_S: Final = 7
RETURN_S: Final = 15
"""A page tries the WebSocket every few seconds."""
HEARD: Final = 0.8
"""Of what is said, on a machine that has other things to do; of a voice that is not heard, nothing is
found."""
TWICE: Final = 0.1
"""Of what is heard, what was heard before: a voice that two ways carry is heard twice as a whole."""
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


@contextmanager
def anna_talks(call: Call, seconds: float) -> Iterator[list[Followed]]:
    """For so long, in any case until the end of the block; then what Ben heard of it is in the list."""
    heard: list[Followed] = []
    with call.rig.record() as recording:
        recording.wait_ms(300)
        playing = call.rig.play(call.rig.microphone(ANNA), code(ANNA, seconds))
        yield heard
        playing.wait()
        recording.wait_ms(LATEST_MS)
        wires = recording.wire(call.rig.microphone(ANNA)), recording.wire(call.rig.speaker(BEN))
    heard.append(follow(*wires, latest_ms=LATEST_MS))


def test_two_phones_talk_by_the_slow_path_and_come_back(call: Call) -> None:
    notes = [phone.page.locator("#slow-path") for phone in (call.anna, call.ben)]
    for note in notes:
        expect(note).to_be_visible()
    slow = first_good(lambda: what_ben_hears(call), is_whole)
    with anna_talks(call, RETURN_S) as returning:  # the block is removed while she talks
        call.nginx.change(LETS_THROUGH)
        began = monotonic()
        for note in notes:
            expect(note).to_be_hidden()
        print(f"back after {monotonic() - began:.1f} s")
    print(f"meanwhile: {returning[0]}")
    assert is_whole(returning[0])
    for phone in (call.anna, call.ben):
        expect(phone.names()).to_have_count(2)
    usual = first_good(lambda: what_ben_hears(call), is_whole)
    assert slow.delay_ms < usual.delay_ms + SLOWER_MS
    for phone in (call.anna, call.ben):
        assert [error for error in phone.errors if "WebSocket" not in error and "400" not in error] == []


def what_ben_hears(call: Call) -> Followed:
    with anna_talks(call, SAID_S) as heard:
        expect(call.ben.delays().first).to_contain_text("ms")  # the delay is shown on either way
    return heard[0]


def is_whole(heard: Followed) -> bool:
    assert heard.repeated < TWICE, heard
    return heard.coverage() > HEARD
