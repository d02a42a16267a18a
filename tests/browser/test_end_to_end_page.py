"""One phone alone: what it is told where something is missing."""

import pytest
from audio_rig import Rig
from phone import REFUSE, Phones
from processes import RelayProcess

pytestmark = pytest.mark.browser


def test_without_a_microphone_the_page_says_what_to_do_and_one_can_listen(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority, microphone=REFUSE).open(relay.link).join("Anna")
    assert "allow the microphone" in phone.page.inner_text("body")
    assert "Allow mic" in phone.page.inner_text("body")
    assert phone.errors == []


def test_a_wrong_invite_is_said_in_words(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    page = phones.start(rig, 0, relay.authority).open(f"{relay.origin}/#room=home&key=wrong").page
    page.get_by_text("invitation is not valid").first.wait_for()  # before anybody presses Join
    page.get_by_role("button", name="Join", exact=True).click()
    page.get_by_text("invitation is not valid").first.wait_for()
