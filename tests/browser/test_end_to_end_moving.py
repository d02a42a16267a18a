"""Two phones whose relay stops go on at another one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from audio_rig import Rig
from phone import Phones, a_phone
from playwright.sync_api import expect
from processes import RelayProcess
from relay_pair import pair_of_processes

pytestmark = pytest.mark.browser


@pytest.fixture
def relays(tmp_path: Path) -> Iterator[tuple[RelayProcess, RelayProcess]]:
    with pair_of_processes(tmp_path, "--drain-s", "60", tls=True) as pair:
        yield pair


def test_phones_go_on_at_another_relay_when_theirs_stops(
    rig: Rig, relays: tuple[RelayProcess, RelayProcess], phones: Phones
) -> None:
    one, other = relays
    anna, ben = (a_phone(phones, rig, one, member, name) for member, name in enumerate(("Anna", "Ben")))
    expect(ben.names()).to_have_count(2)
    os.kill(one.pid, signal.SIGTERM)
    one.wait(60)  # it ends when both have gone, long before it would close them
    other.wait_for_members(2)
    anna.write("Here we are")
    ben.open_chat()
    expect(ben.page.locator("#chat").get_by_text("Here we are")).to_be_visible()
    assert not [error for error in anna.errors + ben.errors if "Content Security Policy" in error]


def test_phones_come_back_through_another_relay_when_theirs_is_gone(
    rig: Rig, relays: tuple[RelayProcess, RelayProcess], phones: Phones
) -> None:
    one, other = relays
    anna, ben = (a_phone(phones, rig, one, member, name) for member, name in enumerate(("Anna", "Ben")))
    expect(ben.names()).to_have_count(2)
    one.kill()
    other.wait_for_members(2)
    anna.write("Here we are")
    ben.open_chat()
    expect(ben.page.locator("#chat").get_by_text("Here we are")).to_be_visible()
