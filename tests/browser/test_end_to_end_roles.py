"""Who only listens, who was removed and knocks, and what never disturbs: in real browsers."""

import pytest
from audio_rig import Rig
from phone import Phones
from playwright.sync_api import expect
from processes import RelayProcess
from screenshots import check_looks

pytestmark = pytest.mark.browser

COUNT_QUESTIONS = """
    globalThis.questions = 0;
    const devices = globalThis.MediaDevices?.prototype; // nothing in the empty page that a tab begins with
    const ask = devices?.getUserMedia;
    if (devices) devices.getUserMedia = function (wanted) { questions += 1; return ask.call(this, wanted); };
"""


def test_somebody_who_just_listens_is_never_asked_for_the_microphone_and_may_raise_a_hand(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    listener = phones.start(rig, 1, relay.authority)
    listener.page.add_init_script(COUNT_QUESTIONS)
    listener.open(relay.link + "&listen").page.locator("#name").fill("Lea")
    listener.press("Just listen")
    listener.wait_until_in()
    expect(host.person("Lea")).to_contain_text("just listening")
    listener.page.keyboard.press("h")
    expect(host.person("Lea")).to_contain_text("wants to talk")
    assert listener.page.evaluate("questions") == 0
    volume = listener.page.locator("#audience-acts input")
    volume.fill("40")
    expect(volume).to_have_attribute("aria-valuetext", "40 %")
    listener.page.locator("#open-sound").click()
    # The same, wherever it is shown.
    expect(listener.page.locator("#settings [data-volume]")).to_have_value("40")
    check_looks(listener.page, "sound, for a listener")


def test_a_removed_device_comes_back_by_no_link_or_reload_until_the_host_lets_it_in(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    host = phones.start(rig, 0, relay.authority).open(relay.host_link).join("Host")
    eve = phones.start(rig, 1, relay.authority).open(relay.link).join("Eve")
    host.open_person("Eve")
    host.page.get_by_role("button", name="Remove from the room").click()
    host.page.locator("#ask-yes").click()
    eve.page.get_by_text("removed you").first.wait_for()
    for come_back in (eve.page.reload, lambda: eve.open(relay.link)):
        come_back()
        eve.page.locator("#name").fill("Eve")
        eve.page.locator("#join").click()
        eve.page.get_by_text("removed this device").first.wait_for()
        assert relay.healthz()["members"] == 1
    eve.page.locator("#join", has_text="Knock").click()
    host.page.get_by_text("Eve would like to come in").first.wait_for()
    host.press("Let in")
    expect(host.person("Eve")).to_be_visible()


def test_a_message_moves_nothing_and_no_key_acts_while_one_types(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada, ben = phones.join_all(rig, relay, "Ada", "Ben")
    before = ben.page.evaluate("[scrollX, scrollY]")
    for number in range(5):
        ada.write(f"line {number}")
    expect(ben.page.locator("#open-chat .count")).to_have_text("5")
    assert ben.page.evaluate("[scrollX, scrollY]") == before
    ben.page.keyboard.press("c")
    field = ben.page.get_by_label("Write to everybody")
    field.fill("")
    field.press_sequentially("hmm")
    expect(field).to_have_value("hmm")
    expect(ada.person("Ben")).not_to_contain_text("wants to talk")
    expect(ada.person("Ben")).not_to_contain_text("muted")
    ben.close_sheet()
    ben.page.keyboard.press("h")
    expect(ada.person("Ben")).to_contain_text("wants to talk")
    ben.page.keyboard.press("m")
    expect(ben.page.locator("#mic")).to_have_attribute("aria-pressed", "false")
