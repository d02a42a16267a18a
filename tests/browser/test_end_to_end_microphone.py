"""The microphone as it is asked for: while it is open, Chromium passes over most of what a page wishes."""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from audio_rig import Rig, wait_until
from phone import PATIENCE_MS, Phone, Phones
from processes import RelayProcess
from sound import speech

pytestmark = pytest.mark.browser

ANNA: Final = 0
QUICKLY_S: Final = 0.09
"""A browser takes about as long to open a microphone anew."""
AS_CHOSEN: Final = ("echoCancellation", "noiseSuppression", "autoGainControl")
KEEP_TRACKS = """
    window.tracks = [];
    MediaStreamTrackProcessor = class extends MediaStreamTrackProcessor {
      constructor(init) {
        super(init);
        tracks.push(init.track);
      }
    };
"""
LIVE = """
    tracks.filter(({ readyState }) => readyState === "live").map((track) => track.getSettings())
"""


def in_a_call(rig: Rig, relay: RelayProcess, phones: Phones, options: str = "") -> Phone:
    phone = phones.start(rig, ANNA, relay.authority)
    phone.page.add_init_script(KEEP_TRACKS)
    phone.open(relay.link + options).join("Anna")
    rig.wait_attached(ANNA)
    return phone


def wait_for_tracks(phone: Phone, are_right: Callable[[list[dict[str, Any]]], bool]) -> None:
    def live() -> list[dict[str, Any]]:
        settings: list[dict[str, Any]] = phone.page.evaluate(LIVE)
        return settings

    wait_until(lambda: are_right(live()), PATIENCE_MS / 1000, lambda: f"the page hears {live()}")


def processing(settings: dict[str, Any]) -> dict[str, bool]:
    return {name: settings[name] for name in AS_CHOSEN}


def test_what_is_switched_in_mid_call_is_so_at_once(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = in_a_call(rig, relay, phones)
    phone.open_experts()
    wanted = dict.fromkeys(AS_CHOSEN, True)
    for name, on in (
        ("noiseSuppression", False),
        ("autoGainControl", False),
        ("noiseSuppression", True),
        ("echoCancellation", False),
        ("noiseSuppression", False),
    ):
        phone.page.locator(f"[name={name}]").set_checked(on)
        wanted[name] = on
        wait_for_tracks(phone, lambda live: [processing(each) for each in live] == [wanted])


@pytest.mark.parametrize("off", [("noiseSuppression",), ("noiseSuppression", "autoGainControl")])
def test_what_was_chosen_before_joining_is_so_from_the_start(
    rig: Rig, relay: RelayProcess, phones: Phones, off: tuple[str, ...]
) -> None:
    phone = in_a_call(rig, relay, phones, "".join(f"&{name}=off" for name in off))
    wanted = {name: name not in off for name in AS_CHOSEN}
    wait_for_tracks(phone, lambda live: [processing(each) for each in live] == [wanted])


def test_of_many_switches_in_a_row_none_is_lost(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = in_a_call(rig, relay, phones)
    phone.open_experts()
    wanted = dict.fromkeys(AS_CHOSEN, True)
    for name in ("noiseSuppression", "autoGainControl", "noiseSuppression", "autoGainControl", *AS_CHOSEN):
        phone.page.evaluate("name => document.querySelector(`[name=${name}]`).click()", name)
        wanted[name] = not wanted[name]
        time.sleep(QUICKLY_S)
    wait_for_tracks(phone, lambda live: [processing(each) for each in live] == [wanted])


def test_a_microphone_that_is_taken_in_the_middle_of_a_switch_comes_back_as_chosen(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = in_a_call(rig, relay, phones)
    phone.open_experts()
    phone.page.locator("[name=noiseSuppression]").uncheck()
    rig.take_microphone(ANNA)
    rig.wait_attached(ANNA)
    wanted = dict.fromkeys(AS_CHOSEN, True) | {"noiseSuppression": False}
    wait_for_tracks(phone, lambda live: [processing(each) for each in live] == [wanted])


def test_music_is_stereo_and_as_it_is_also_for_somebody_who_cancels_no_echo(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = in_a_call(rig, relay, phones, "&echoCancellation=off")
    phone.open_settings()
    phone.page.locator("[name=music]").check()
    unprocessed = dict.fromkeys(AS_CHOSEN, False)
    wait_for_tracks(
        phone, lambda live: [(processing(each), each["channelCount"]) for each in live] == [(unprocessed, 2)]
    )


def test_to_find_out_how_late_a_processed_voice_is_the_page_hears_it_unprocessed_for_a_moment(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = in_a_call(rig, relay, phones, "&echoCancellation=off")
    playing = rig.play(rig.microphone(ANNA), speech())
    wait_for_tracks(
        phone,
        lambda live: [processing(each)["noiseSuppression"] for each in live] == [True, False]
        and not any(processing(live[1]).values()),
    )
    playing.stop()
    wait_for_tracks(phone, lambda live: len(live) == 1)
    assert phone.page.locator("iframe").count() == 0
