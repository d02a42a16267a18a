"""What a phone does to a page in the middle of a call, and what the page makes of it."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from phone import Phone, Phones, a_phone
from processes import RelayProcess
from rig import Rig, wait_until
from sound import ALIKE_AMONG_OTHERS, hear, speech

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN = range(2)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
KEEP_LOCKS = """
    window.locks = [];
    const { wakeLock } = navigator;
    Object.defineProperty(navigator, "wakeLock", { value: { async request(kind) {
      locks.push(await wakeLock.request(kind));
      return locks.at(-1);
    } } });
"""
KEEP_PLAYED = """
    window.played = [];
    Audio = class extends Audio {
      play() {
        played.push(this);
        return super.play();
      }
    };
"""
KEEP_CONTEXT = """
    AudioContext = class extends AudioContext {
      constructor(...options) {
        super(...options);
        window.context = this;
      }
    };
"""


def look_away(phone: Phone, away: bool = True) -> None:
    """As a phone that is locked tells its page."""
    state = "hidden" if away else "visible"
    phone.page.evaluate(
        "(state) => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); }",
        state,
    )


def wait_for_words(phone: Phone, words: str) -> None:
    phone.page.get_by_text(words).first.wait_for(timeout=5_000)


def likeness(rig: Rig) -> float:
    """Let Anna speak; how much what Ben hears is like it."""
    with rig.record() as recording:
        rig.play(rig.microphone(ANNA), speech()).wait()
        recording.wait_ms(800)
        return hear(speech(), recording.wire(rig.speaker(BEN))).likeness


def test_the_screen_stays_on_in_a_room_and_again_after_the_page_was_hidden(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, ANNA, relay.authority)
    phone.page.add_init_script(KEEP_LOCKS)
    phone.open(relay.link)
    assert phone.page.evaluate("locks.length") == 0
    phone.join("Anna")
    wait_until(lambda: phone.page.evaluate("locks.length") == 1, 5, lambda: "no lock is held")
    phone.page.evaluate("locks[0].release()")
    look_away(phone, away=False)
    wait_until(lambda: phone.page.evaluate("locks.length") == 2, 5, lambda: "no second lock is held")
    phone.press("Leave")
    wait_until(lambda: phone.page.evaluate("locks[1].released"), 5, lambda: "the screen stays on outside of a room")


def test_the_others_see_who_is_away(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_phone(phones, rig, relay, ANNA, "Anna")
    ben = a_phone(phones, rig, relay, BEN, "Ben")
    look_away(anna)
    note = ben.page.locator("#roster .note", has_text="away")
    note.wait_for(timeout=5_000)
    look_away(anna, away=False)
    note.wait_for(state="detached", timeout=5_000)


def test_a_microphone_that_is_taken_is_opened_again(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna = a_phone(phones, rig, relay, ANNA, "Anna")
    a_phone(phones, rig, relay, BEN, "Ben")
    rig.take_microphone(ANNA)
    wait_for_words(anna, "Your microphone works again")
    rig.wait_attached(ANNA)
    assert likeness(rig) > ALIKE_AMONG_OTHERS


def test_sound_that_the_device_stops_goes_on(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    a_phone(phones, rig, relay, ANNA, "Anna")
    ben = phones.start(rig, BEN, relay.authority)
    ben.page.add_init_script(KEEP_CONTEXT)
    ben.open(relay.link).join("Ben")
    rig.wait_attached(BEN)
    ben.page.evaluate("context.suspend()")
    wait_for_words(ben, "The sound goes on")
    assert likeness(rig) > ALIKE_AMONG_OTHERS


def test_what_an_iphone_plays_through_an_element_is_heard(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    a_phone(phones, rig, relay, ANNA, "Anna")
    iphone = phones.start(rig, BEN, relay.authority, user_agent=IPHONE)
    iphone.page.add_init_script(KEEP_PLAYED)
    iphone.open(relay.link).join("Ben")
    rig.wait_attached(BEN)
    assert iphone.page.evaluate("played.filter(({ srcObject }) => srcObject).length") == 1
    assert likeness(rig) > ALIKE_AMONG_OTHERS


def test_what_a_locked_phone_does_is_said_once(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, ANNA, relay.authority).open(relay.link).join("Anna")
    wait_for_words(phone, "Keep this page on the screen")
    phone.press("Understood")
    phone.open(relay.link).join()
    assert not phone.page.get_by_text("Keep this page on the screen").is_visible()


def test_a_page_that_is_opened_while_the_relay_is_away_waits_for_it(
    tmp_path: Path, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, ANNA, relay.authority).open(relay.link)
    phone.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    port = urlsplit(relay.link).port
    relay.interrupt()
    phone.open(relay.link)
    wait_for_words(phone, "The relay is away")
    with RelayProcess(relay.home, "--port", str(port)):
        phone.page.get_by_role("button", name="Join", exact=True).wait_for(timeout=5_000)
        assert phone.page.url == relay.link
        phone.join("Anna")


def test_the_page_can_be_installed_and_opens_then_in_the_last_room(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, ANNA, relay.authority).open(relay.link).join("Anna")
    devtools = phone.context.new_cdp_session(phone.page)
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = json.loads(devtools.send("Page.getAppManifest")["data"])
    phone.open(f"{relay.origin}/{manifest['start_url']}").join()
    relay.wait_for_members(1)
    assert phone.page.inner_text("#title") == "home"
