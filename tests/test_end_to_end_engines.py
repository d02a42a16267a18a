"""In the other engines that Debian has, a member joins by itself over a trusted `wss:`, hears a phone, and is heard.

Two phones in Chromium are in `test_end_to_end_delay.py`.
"""

import statistics
from pathlib import Path

import pytest
from desktops import firefox, webkit
from pairs import Heard, Round, Scene, hear_settled, join, said_by_page
from phone import UNPROCESSED, Phones
from processes import RelayProcess
from rig import Rig

pytestmark = [pytest.mark.sound, pytest.mark.browser]

PHONE, WALL = 0, 1
STARTS_S = 30
CHIRPS = 10
LATEST_MS = 400
NOTHING_SAID = Heard(None, 0)


def wall_link(relay: RelayProcess) -> str:
    return f"{relay.link}{UNPROCESSED}&name=Wall&auto"


def hear_each_other(engine: str, scene: Scene, phones: Phones) -> None:
    """A phone and the member on the wall, who is there or about to come."""
    phone = join(phones, scene, PHONE, echo_cancelling=False)
    scene.rig.wait_attached(WALL, STARTS_S)
    phone.page.locator("#roster .name", has_text="Wall").wait_for(timeout=STARTS_S * 1000)
    judge(f"{engine} → Chromium", hear_settled(scene.rig, CHIRPS, lambda: said_by_page(phone), WALL, PHONE))
    judge(f"Chromium → {engine}", hear_settled(scene.rig, CHIRPS, lambda: NOTHING_SAID, PHONE, WALL))
    assert phone.errors == []


def judge(way: str, heard: Round) -> None:
    assert len(heard.delays) > CHIRPS / 2, f"{way}: {heard}"
    median_ms = statistics.median(heard.delays)
    print(f"{way}: {median_ms:.1f} ms, {heard.lost} of {CHIRPS} chirps lost, own figure {heard.claimed_ms} ms")
    assert 0 < median_ms < LATEST_MS


def test_a_wall_in_firefox_is_heard_and_hears(rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path) -> None:
    with firefox(tmp_path, rig, WALL, relay.authority, wall_link(relay)):
        hear_each_other("Firefox", Scene(tmp_path, rig, relay), phones)


def test_a_wall_in_webkit_is_heard_and_hears(rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path) -> None:
    with webkit(tmp_path, rig, WALL, relay.authority, wall_link(relay)):
        hear_each_other("WebKitGTK", Scene(tmp_path, rig, relay), phones)
