"""The figure beside a name against sound itself: for each pair of phone and desktop, on the rig."""

import statistics
from pathlib import Path

import pytest
from pairs import Scene, desktop_to_desktop, desktop_to_phone, phone_to_desktop, phone_to_phone
from processes import RelayProcess
from rig import Rig

pytestmark = [pytest.mark.sound, pytest.mark.browser]

CHIRPS = 10
OFF_MS = 8

PAIRS = {
    "phone to phone": phone_to_phone(echo_cancelling=False),
    "phone to desktop": phone_to_desktop,
    "desktop to phone": desktop_to_phone,
    "desktop to desktop": desktop_to_desktop,
}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_figure_is_as_true_as_it_says(pair: str, tmp_path: Path) -> None:
    with Rig(members=2) as rig, RelayProcess(tmp_path / "relay") as relay:
        heard = PAIRS[pair](Scene(tmp_path, rig, relay), CHIRPS)
    truth_ms = statistics.median(heard.delays)
    print(f"{pair}: {truth_ms:.1f} ms, claimed {heard.claimed_ms} ms, {heard.lost} lost")
    assert heard.lost <= 1
    assert heard.claimed_ms == pytest.approx(truth_ms, abs=OFF_MS)
