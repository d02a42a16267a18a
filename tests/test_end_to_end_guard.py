"""Two phones in one room, whose loudspeakers reach the microphones by cables: no howl lasts, and the page says why."""

import itertools
from contextlib import ExitStack
from typing import Final

import pytest
from phone import Phone, Phones
from processes import RelayProcess
from rig import Recording, Rig, Wire
from sound import SAMPLE_RATE, Samples, level_dbfs, speech, turns_ms, words

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = MEMBERS = range(2)
NO_ECHO_CANCELLING: Final = "&echoCancellation=off"
UNPROCESSED: Final = f"{NO_ECHO_CANCELLING}&noiseSuppression=off&autoGainControl=off"
HOWL_DBFS: Final = -18
HOWL_MS: Final = 1_000
SPEAKS_MS: Final = 3_000
SILENCE_DBFS: Final = -60


def meet(rig: Rig, relay: RelayProcess, phones: Phones, processing: str = "") -> tuple[Phone, Phone]:
    anna, ben = (
        phones.start(rig, member, relay.authority).open(relay.link + processing).join(name)
        for member, name in ((ANNA, "Anna"), (BEN, "Ben"))
    )
    for member in MEMBERS:
        rig.wait_attached(member)
    return anna, ben


def longest_howl_ms(heard: Samples) -> float:
    """How long a loudspeaker is loud without a gap; a voice has gaps."""
    return max((ms for is_loud, ms in turns_ms(heard, HOWL_DBFS) if is_loud), default=0)


def ms_until_the_guard_speaks(recording: Recording, phones: Phones, began: int) -> float:
    while not any(phone.page.locator("#guard").is_visible() for phone in phones.all):
        recording.wait_ms(50)
        assert recording.length < began + 10 * SAMPLE_RATE, "the guard says nothing"
    return (recording.length - began) * 1000 / SAMPLE_RATE


def every_cable(rig: Rig) -> ExitStack:
    """All hear all: what the one says comes round by way of both."""
    cables = ExitStack()
    for source, target in itertools.product(MEMBERS, MEMBERS):
        cables.enter_context(rig.copy(rig.speaker(source), rig.microphone(target)))
    return cables


def own_cables(rig: Rig) -> ExitStack:
    """Each device hears its own loudspeaker, as phones that are far apart do."""
    cables = ExitStack()
    for member in MEMBERS:
        cables.enter_context(rig.copy(rig.speaker(member), rig.microphone(member)))
    return cables


@pytest.mark.parametrize("processing", [NO_ECHO_CANCELLING, UNPROCESSED])
def test_in_one_room_no_howl_lasts_a_second_and_the_guard_speaks_within_three(
    rig: Rig, relay: RelayProcess, phones: Phones, processing: str
) -> None:
    meet(rig, relay, phones, processing)
    with every_cable(rig), rig.record() as recording:
        rig.play(rig.microphone(ANNA), speech())
        began = recording.wait_for_sound(rig.speaker(BEN), 5)
        spoke_ms = ms_until_the_guard_speaks(recording, phones, began)
        recording.wait_ms(8_000)
        howls_ms = [longest_howl_ms(recording.wire(rig.speaker(member))) for member in MEMBERS]
    print(f"the guard spoke after {spoke_ms:.0f} ms, the longest howl lasted {max(howls_ms):.0f} ms")
    assert spoke_ms <= SPEAKS_MS
    assert 0 < max(howls_ms) < HOWL_MS


def test_who_is_heard_in_the_air_is_named_and_each_button_helps(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    _, ben = meet(rig, relay, phones, UNPROCESSED)
    with rig.copy(rig.speaker(BEN), rig.microphone(BEN)), rig.record() as recording:
        rig.play(rig.microphone(ANNA), speech())
        ben.page.get_by_text("Anna is in the same room as you").wait_for(timeout=5_000)
        ben.press("Mute my loudspeaker")
        assert level_of_words(rig, recording, rig.speaker(BEN)) < SILENCE_DBFS
        ben.press("Unmute my loudspeaker")
        assert level_of_words(rig, recording, rig.speaker(BEN)) > SILENCE_DBFS
        ben.press("Mute my microphone")
        ben.page.locator("#guard").wait_for(state="hidden", timeout=1_000)
        assert level_of_words(rig, recording, rig.speaker(ANNA)) < SILENCE_DBFS
    assert ben.errors == []


def level_of_words(rig: Rig, recording: Recording, wire: Wire) -> float:
    """How loud a wire is while Anna says some words; what is still on its way first goes by."""
    recording.wait_ms(800)
    start = recording.length
    rig.play(rig.microphone(ANNA), words()).wait()
    return level_dbfs(recording.wire(wire, start))


def test_far_apart_with_echo_cancelling_a_conversation_goes_on_undisturbed(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    meet(rig, relay, phones)
    with own_cables(rig), rig.record() as recording:
        for turn, talker in enumerate((ANNA, BEN, ANNA, BEN)):
            rig.play(rig.microphone(talker), speech(turn)).wait()
            recording.wait_ms(500)
            assert not any(phone.page.locator("#guard").is_visible() for phone in phones.all), f"in turn {turn}"
        assert level_dbfs(recording.wire(rig.speaker(BEN))) > SILENCE_DBFS
