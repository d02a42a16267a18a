"""What people do besides talking, in real browsers: write, raise a hand, and host."""

import pytest
from audio_rig import Rig
from phone import SETTLED_MS, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from sound import chirp_delays_ms, chirps, noise

pytestmark = pytest.mark.browser

SCRIPT = "<script>alert(1)</script>"
LONG = "Dinner is ready, and there is enough for all of you. " * 15
ABOVE_KEYBOARD = {"width": 390, "height": 480}
SCROLL_TO_END = """async (list) => {
  list.scrollTo(0, list.scrollHeight);
  for (const frame of [1, 2]) await new Promise(requestAnimationFrame);
}"""
"""Until the page has been told: no finger is as fast as a keyboard that opens before that."""
AT_END = """() => {
  const list = document.getElementById("said");
  const hidden = list.scrollHeight - list.clientHeight;
  return hidden > 0 && hidden - list.scrollTop < 2;
}"""


def test_what_is_written_is_read_by_all_and_by_who_comes_later_as_text(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada, ben = phones.join_all(rig, relay, "Ada", "Ben")
    ada.write(f"Dinner is ready {SCRIPT}")
    said = f"Dinner is ready {SCRIPT}"
    expect(ben.page.locator("#open-chat .count")).to_have_text("1")
    ben.page.locator(".toast", has_text=said).wait_for()
    late = phones.start(rig, 2, relay.authority).open(relay.link).join("Cleo")
    for phone in (ada, ben, late):
        phone.open_chat()
        expect(phone.page.get_by_role("log").locator(".text")).to_have_text([said])
    expect(late.page.get_by_role("log").locator(".who b")).to_have_text(["Ada"])
    assert [phone.errors for phone in (ada, ben, late)] == [[], [], []]


def test_the_newest_of_the_chat_stays_in_sight_above_a_keyboard_until_somebody_scrolls_back(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada, ben = phones.join_all(rig, relay, "Ada", "Ben")
    for _ in range(3):
        ada.write(LONG)
    ben.open_chat()
    said = ben.page.get_by_role("log").locator(".text")
    expect(said).to_have_count(3)
    ben.page.locator("#said").evaluate(SCROLL_TO_END)
    ben.page.wait_for_function(AT_END)
    ben.page.set_viewport_size(ABOVE_KEYBOARD)
    ben.page.wait_for_function(AT_END)
    ben.page.get_by_label("Write to everybody").fill("So\nlong\nthat\nit\ntakes\nlines")
    ben.page.wait_for_function(AT_END)
    ada.write(LONG)
    expect(said).to_have_count(4)
    ben.page.wait_for_function(AT_END)
    ben.page.wait_for_timeout(SETTLED_MS)
    ben.page.locator("#said").evaluate("list => list.scrollTo(0, 0)")
    ada.write(LONG)
    expect(said).to_have_count(5)
    assert ben.page.locator("#said").evaluate("list => list.scrollTop") == 0


def test_a_raised_hand_and_who_mutes_are_seen(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    ada, ben = phones.join_all(rig, relay, "Ada", "Ben")
    ada.press("Raise hand")
    expect(ben.person("Ada")).to_contain_text("wants to talk")
    expect(ada.person("You")).to_contain_text("wants to talk")
    ada.press_microphone()
    ada.press("Lower hand")
    expect(ben.person("Ada")).to_contain_text("muted")
    expect(ben.person("Ada")).not_to_contain_text("wants to talk")


def test_the_host_asks_to_mute_locks_invites_anew_and_removes(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve = phones.start(rig, 1, relay.authority).open(relay.link).join("Eve")
    assert not eve.page.locator("#open-host").is_visible()
    host.open_person("Eve")
    host.page.get_by_role("button", name="Ask Eve to mute").click()
    eve.page.get_by_text("Host asked you to mute").first.wait_for()
    expect(host.person("Eve")).to_contain_text("muted")
    host.open_host_tools()
    host.page.get_by_role("switch", name="Lock the room").check()
    eve.page.get_by_text("The room is locked").first.wait_for()
    host.page.locator("#new-invite").click()
    host.page.locator("#ask-yes").click()
    host.page.get_by_text("There is a new invitation").first.wait_for()
    host.open_person("Eve")
    host.page.get_by_role("button", name="Remove from the room").click()
    host.page.locator("#ask-yes").click()
    eve.page.get_by_text("removed you").first.wait_for()
    expect(host.person("Eve")).to_have_count(0)
    expect(eve.page.locator("#join")).to_have_text("Knock")
    eve.page.locator("#join").click()
    expect(eve.page.locator("#door-who")).to_contain_text("You knocked")
    expect(host.page.locator("#knocks")).to_contain_text("Eve")
    assert "key=" in host.page.url
    assert relay.host_link.partition("key=")[2] not in host.page.url


def test_where_one_talks_at_a_time_all_see_whose_turn_it_is_and_hear_nobody_else(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve, ben = (
        phones.start(rig, n, relay.authority).open(relay.link).join(name)
        for n, name in ((1, "Eve"), (2, "Ben"))
    )
    host.open_host_tools()
    host.page.get_by_role("switch", name="One at a time").check()
    host.close_sheet()
    title = ben.page.locator("#floor-title")
    expect(title).to_have_text("It’s quiet")
    for member in range(3):
        rig.wait_attached(member)
    speaking = rig.play(rig.microphone(1), noise(20))
    eve.page.locator("#disc").tap()
    expect(eve.page.locator("#floor-title")).to_have_text("They hear you")
    expect(title).to_have_text("Eve is talking")
    with rig.record() as recording:
        playing = rig.play(rig.microphone(2), chirps(3))
        ben.page.locator("#disc").tap()
        playing.wait()
        recording.wait_ms(300)
        ben_s, host_hears = recording.wire(rig.microphone(2)), recording.wire(rig.speaker(0))
    assert chirp_delays_ms(ben_s, host_hears) == []
    ben.page.locator("#disc").tap()
    eve.page.locator("#disc").tap()
    expect(title).to_have_text("It’s quiet")
    speaking.stop()
