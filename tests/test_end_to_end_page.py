"""One phone alone: how quickly it is in, what it hears, and what it is told where something is missing."""

import pytest
from phone import REFUSE, Phones
from processes import RelayProcess
from rig import Rig
from sound import hear, speech

pytestmark = pytest.mark.browser

JOIN_TO_SOUND_MS = 2_000
HEARD = 0.003


@pytest.mark.sound
def test_alone_one_hears_oneself_a_second_later(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    # With echo cancelling on, what one says while the echo sounds is ducked, as it should be.
    phones.start(rig, 0, relay.authority).open(f"{relay.echo_link}&echoCancellation=off").join("Anna")
    rig.wait_attached(0)
    with rig.record() as recording:
        recording.wait_ms(300)
        rig.play(rig.microphone(0), speech()).wait()
        recording.wait_ms(2_000)
        microphone, speaker = recording.wire(rig.microphone(0)), recording.wire(rig.speaker(0))
    said, heard = hear(speech(), microphone), hear(speech(), speaker, latest_ms=4_000)
    print(f"echo after {heard.delay_ms - said.delay_ms:.1f} ms, likeness {heard.likeness:.2f}")
    assert heard.alike
    assert 1_000 < heard.delay_ms - said.delay_ms < 1_500


@pytest.mark.sound
def test_from_join_to_the_first_sound_it_takes_less_than_two_seconds(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phones.start(rig, 0, relay.authority).open(relay.link).join("Anna")
    rig.wait_attached(0)
    late = phones.start(rig, 1, relay.authority).open(relay.link)
    with rig.record() as recording:
        playing = rig.play(rig.microphone(0), speech())
        recording.wait_ms(500)
        pressed = recording.length
        late.join("Ben")
        rig.wait_attached(1)
        playing.wait()
        recording.wait_ms(500)
        wire = recording.wire(rig.speaker(1), pressed, recording.length)
    first_ms = int((abs(wire) > HEARD).argmax()) / 48
    print(f"first sound {first_ms:.0f} ms after Join was pressed")
    assert 0 < first_ms < JOIN_TO_SOUND_MS


def test_without_a_microphone_the_page_says_what_to_do_and_one_can_listen(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority, microphone=REFUSE).open(relay.link).join("Anna")
    assert "allow the microphone" in phone.page.inner_text("body")
    assert "listening only" in phone.page.inner_text("body")
    assert phone.errors == []


def test_a_wrong_invite_is_said_in_words(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    page = phones.start(rig, 0, relay.authority).open(f"{relay.origin}/#room=home&key=wrong").page
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_text("invitation is not valid").first.wait_for()
