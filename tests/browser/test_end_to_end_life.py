"""What a phone does to a page in the middle of a call, and what the page makes of it."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from audio_rig import Rig, wait_until
from following import hears
from headset import choose, devices, headset, notice
from phone import IPHONE, PATIENCE_MS, Phone, Phones, a_phone, anna_and_ben
from playwright.sync_api import Locator
from processes import RelayProcess
from sound import noise

pytestmark = pytest.mark.browser

ANNA, BEN = range(2)
NOISE_S = 300
"""More than the test lasts; nobody waits for its end."""
STILL_UNDER_WAY_MS = 1_000
"""What was said before a change may be played for so long: a jitter buffer holds less."""
HANDS_FREE, CD = 16_000, 44_100
KEEP_LOCKS = """
    window.locks = [];
    const { wakeLock } = navigator;
    Object.defineProperty(navigator, "wakeLock", { value: { async request(kind) {
      locks.push(await wakeLock.request(kind));
      return locks.at(-1);
    } } });
"""
KEEP_PLAYED = """
    window.played = new Set();
    Audio = class extends Audio {
      play() {
        played.add(this);
        return super.play();
      }
    };
"""
KEEP_CONTEXT = """
    AudioContext = class extends AudioContext {
      constructor(...options) {
        super(...options);
        (window.contexts ??= []).push(this);
      }
    };
"""

MOVE_TWICE_AT_ONCE = """(async () => {
    const context = contexts.find(({ state }) => state === "running");
    const devices = await navigator.mediaDevices.enumerateDevices();
    const headset = devices.find(({ kind, label }) => kind === "audiooutput" && label === "Headset");
    await context.setSinkId(headset.deviceId);
    await context.setSinkId("");
})()"""
"""The page does not know of it, and so tells the context to go on between the two; Chromium's stands still
then, and says that it runs."""


def look_away(phone: Phone, away: bool = True) -> None:
    """As a phone that is locked tells its page."""
    state = "hidden" if away else "visible"
    phone.page.evaluate(
        "(state) => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true "
        "});"
        "document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); }",
        state,
    )


def wait_for_words(phone: Phone, words: str) -> None:
    phone.page.get_by_text(words).first.wait_for()


def wait_for_page(phone: Phone, condition: str, complaint: str) -> None:
    """From outside: the page's policy forbids it to evaluate strings, as Playwright's own waiting does."""
    wait_until(lambda: phone.page.evaluate(condition), PATIENCE_MS / 1000, lambda: complaint)


def muted_note(phone: Phone) -> Locator:
    return phone.page.locator("main button[data-talker] .doing", has_text="muted")


@contextmanager
def both_make_noise(rig: Rig) -> Iterator[Callable[[], None]]:
    """Gives what waits until each hears the other, from then on; both make noise until the end of the
    block."""
    with rig.record() as recording:

        def wait_until_heard() -> None:
            recording.wait_ms(STILL_UNDER_WAY_MS)
            start = recording.length
            for member in (ANNA, BEN):
                recording.wait_for_sound(rig.speaker(member), PATIENCE_MS / 1000, start=start)

        playing = [rig.play(rig.microphone(member), noise(NOISE_S)) for member in (ANNA, BEN)]
        wait_until_heard()
        yield wait_until_heard
        for each in playing:
            each.stop()


def test_the_screen_stays_on_in_a_room_and_again_after_the_page_was_hidden(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, ANNA, relay.authority)
    phone.page.add_init_script(KEEP_LOCKS)
    phone.open(relay.link)
    assert phone.page.evaluate("locks.length") == 0
    phone.join("Anna")
    wait_for_page(phone, "locks.length == 1", "no lock is held")
    phone.page.evaluate("locks[0].release()")
    look_away(phone, away=False)
    wait_for_page(phone, "locks.length == 2", "no second lock is held")
    phone.press("Leave")
    wait_for_page(phone, "locks[1].released", "the screen stays on outside of a room")


def test_the_others_see_who_is_away(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna, ben = anna_and_ben(phones, rig, relay)
    look_away(anna)
    note = ben.page.locator("main button[data-talker] .doing", has_text="away")
    note.wait_for()
    look_away(anna, away=False)
    note.wait_for(state="detached")


def test_a_microphone_that_is_taken_is_opened_again(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    anna, _ = anna_and_ben(phones, rig, relay)
    rig.take_microphone(ANNA)
    wait_for_words(anna, "Your microphone works again")
    rig.wait_attached(ANNA)
    assert hears(rig, BEN, ANNA)


def test_while_the_phone_mutes_the_microphone_all_are_told_and_after_it_one_is_heard(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, ben = anna_and_ben(phones, rig, relay)
    rig.mute_microphone(ANNA, True)
    anna.page.locator(".toast", has_text="another app or a phone call may hold it").wait_for()
    anna.page.locator("#no-microphone").wait_for()
    muted_note(ben).wait_for()
    rig.mute_microphone(ANNA, False)
    wait_for_words(anna, "Your microphone works again")
    muted_note(ben).wait_for(state="detached")
    assert hears(rig, BEN, ANNA)


def test_a_headset_that_goes_in_mid_call_and_comes_back_at_another_rate_leaves_both_heard(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    anna, _ = anna_and_ben(phones, rig, relay)
    with ExitStack() as headsets:
        headsets.enter_context(headset(rig, ANNA, HANDS_FREE))
        choose(anna)
        rig.wait_used({*devices(rig, ANNA)})
        with both_make_noise(rig) as wait_until_heard:
            headsets.close()
            rig.wait_attached(ANNA, PATIENCE_MS / 1000)
            wait_until_heard()
            headsets.enter_context(headset(rig, ANNA, CD))
            notice(anna)
            rig.wait_used({*devices(rig, ANNA)}, PATIENCE_MS / 1000)
            wait_until_heard()
        assert hears(rig, BEN, ANNA)
        assert hears(rig, ANNA, BEN)


def test_a_loudspeaker_that_stands_still_though_it_is_said_to_run_is_started_again(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    a_phone(phones, rig, relay, ANNA, "Anna")
    ben = phones.start(rig, BEN, relay.authority)
    ben.page.add_init_script(KEEP_CONTEXT)
    ben.open(relay.link).join("Ben")
    rig.wait_attached(BEN)
    with headset(rig, BEN, CD):
        notice(ben)
        ben.page.evaluate(MOVE_TWICE_AT_ONCE)
        wait_until(lambda: hears(rig, BEN, ANNA), PATIENCE_MS / 1000, lambda: "the sound is not back")


def test_sound_that_the_device_stops_goes_on(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    a_phone(phones, rig, relay, ANNA, "Anna")
    ben = phones.start(rig, BEN, relay.authority)
    ben.page.add_init_script(KEEP_CONTEXT)
    ben.open(relay.link).join("Ben")
    rig.wait_attached(BEN)
    ben.page.evaluate("contexts.find(({ state }) => state !== 'closed').suspend()")
    wait_for_words(ben, "The sound is back")
    assert hears(rig, BEN, ANNA)


def test_what_an_iphone_plays_through_an_element_is_heard(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    a_phone(phones, rig, relay, ANNA, "Anna")
    iphone = phones.start(rig, BEN, relay.authority, user_agent=IPHONE)
    iphone.page.add_init_script(KEEP_PLAYED)
    iphone.open(relay.link).join("Ben")
    rig.wait_attached(BEN)
    assert iphone.page.evaluate("[...played].filter(({ srcObject }) => srcObject).length") == 1
    assert hears(rig, BEN, ANNA)


def test_what_a_locked_phone_does_is_said_once(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    phone = phones.start(rig, ANNA, relay.authority).open(relay.link).join("Anna")
    wait_for_words(phone, "Keep this page on the screen")
    phone.press("Got it")
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
    wait_for_words(phone, "The server can’t be reached")
    with RelayProcess(relay.home, "--port", str(port)):
        phone.page.get_by_role("button", name="Join", exact=True).wait_for()
        assert phone.page.url == relay.link
        phone.join("Anna")


@pytest.mark.own_browser
def test_the_page_can_be_installed_and_opens_then_in_the_last_room(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, ANNA, relay.authority).open(relay.link).join("Anna")
    devtools = phone.context.new_cdp_session(phone.page)
    assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    manifest = json.loads(devtools.send("Page.getAppManifest")["data"])
    phone.open(f"{relay.origin}/{manifest['start_url']}").join()
    relay.wait_for_members(1)
    assert phone.page.inner_text("#room-name") == "home"
