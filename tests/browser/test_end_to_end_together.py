"""What people do besides talking, in real browsers: write, raise a hand, and host."""

import re

import pytest
from audio_rig import Rig
from phone import Phone, Phones
from playwright.sync_api import Locator, expect
from processes import RelayProcess
from sound import chirp_delays_ms, chirps, speech

pytestmark = pytest.mark.browser

SCRIPT = "<script>alert(1)</script>"


def row(phone: Phone, name: str) -> Locator:
    return phone.page.locator("#roster li", has_text=name)


def write(phone: Phone, text: str) -> None:
    phone.page.get_by_label("Write to everybody here").fill(text)
    phone.press("Send")


def test_what_is_written_is_read_by_all_and_by_who_comes_later_as_text(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada, ben = (
        phones.start(rig, n, relay.authority).open(relay.link).join(name) for n, name in enumerate(("Ada", "Ben"))
    )
    write(ada, f"Dinner is ready {SCRIPT}")
    said = f"Ada Dinner is ready {SCRIPT}"
    for phone in (ada, ben):
        expect(phone.page.get_by_role("log")).to_have_text(said)
    late = phones.start(rig, 2, relay.authority).open(relay.link).join("Cleo")
    expect(late.page.get_by_role("log")).to_have_text(said)
    assert [phone.errors for phone in (ada, ben, late)] == [[], [], []]


def test_a_raised_hand_and_who_mutes_are_seen(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    ada, ben = (
        phones.start(rig, n, relay.authority).open(relay.link).join(name) for n, name in enumerate(("Ada", "Ben"))
    )
    ada.press("Raise hand")
    ada.press("Mute")
    expect(row(ben, "Ada")).to_contain_text("raised a hand · muted")
    expect(row(ada, "Ada")).to_contain_text("you · raised a hand · muted")
    ada.press("Lower hand")
    expect(row(ben, "Ada")).not_to_contain_text("raised a hand")


def test_the_host_asks_for_silence_locks_invites_anew_and_removes(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve = phones.start(rig, 1, relay.authority).open(relay.link).join("Eve")
    assert not eve.page.get_by_text("You are the host").is_visible()
    host.press("Ask for silence: Eve")
    eve.page.get_by_text("Host, the host, has muted you").wait_for()
    expect(row(host, "Eve")).to_contain_text("muted")
    host.page.get_by_text("You are the host").click()
    host.page.get_by_role("switch", name="Lock the room").check()
    eve.page.get_by_text("The room is locked").wait_for()
    host.press("Make a new invitation")
    invitation = host.page.get_by_label("The new invitation")
    expect(invitation).to_have_value(re.compile(rf"^{re.escape(relay.origin)}/#room=home&key="))
    host.press("Remove Eve from the room")
    eve.page.get_by_text("the host removed you").wait_for()
    expect(row(host, "Eve")).to_have_count(0)
    eve.page.get_by_role("button", name="Join", exact=True).click()
    eve.page.get_by_text("invitation is not valid").wait_for()
    host.page.get_by_role("switch", name="Lock the room").uncheck()
    eve.open(invitation.input_value()).join("Eve")
    expect(row(host, "Eve")).to_have_count(1)


def test_where_one_talks_at_a_time_all_see_whose_turn_it_is_and_hear_nobody_else(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve, ben = (
        phones.start(rig, n, relay.authority).open(relay.link).join(name) for n, name in ((1, "Eve"), (2, "Ben"))
    )
    host.page.get_by_text("You are the host").click()
    host.page.get_by_role("switch", name="One talks at a time").check()
    status = ben.page.locator("#status")
    expect(status).to_have_text("Nobody talks: press, and it is your turn.")
    for member in range(3):
        rig.wait_attached(member)
    speaking = rig.play(rig.microphone(1), speech())
    expect(status).to_have_text("Eve talks; you are not heard now.")
    with rig.record() as recording:
        rig.play(rig.microphone(2), chirps(3)).wait()
        recording.wait_ms(300)
        ben_s, host_hears = recording.wire(rig.microphone(2)), recording.wire(rig.speaker(0))
    expect(eve.page.locator("#status")).to_have_text("It is your turn.")
    assert chirp_delays_ms(ben_s, host_hears) == []
    speaking.wait()
    expect(status).to_have_text("Nobody talks: press, and it is your turn.")
