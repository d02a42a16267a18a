"""A room in another site's page, by the user guide's example: an allowed origin talks, any other gets
nothing."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from audio_rig import Rig
from following import hears
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess
from screenshots import check_looks
from sound import level_dbfs, speech
from synthetic_room import crowd

pytestmark = pytest.mark.browser

USER_GUIDE = Path(__file__).parents[2] / "docs/user-guide.md"
ANNA, GUEST = range(2)
SILENCE_DBFS = -60
LISTEN = """() => {
    const room = document.querySelector("streamer-room");
    globalThis.told = [];
    for (const type of ["joined", "left", "talking", "muted", "danger", "error"]) {
        room.addEventListener(type, ({ detail }) => told.push([type, detail]));
    }
}"""

CANCELS_NO_ECHO = """
    const devices = globalThis.MediaDevices?.prototype; // nothing in the empty page that a tab begins with
    const ask = devices?.getUserMedia;
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    if (devices) devices.getUserMedia = function () { return ask.call(this, { audio }); };
"""


class Site(ThreadingHTTPServer):
    """Somebody's own web site, of one page."""

    daemon_threads = True
    page = ""

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        is_page = self.path == "/"
        self.send_response(200 if is_page else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if is_page:
            self.wfile.write(self.server.page.encode())

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def site() -> Iterator[Site]:
    with Site(("127.0.0.1", 0), Answer) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


def example(relay: RelayProcess) -> str:
    """The user guide's page, for this relay."""
    found = re.search(r"```html\n(.*?)```", USER_GUIDE.read_text(), re.DOTALL)
    assert found
    key = relay.link.partition("&key=")[2]
    return found[1].replace("https://192.168.1.20:8443", relay.origin).replace("1nv1te", key)


def a_relay(folder: Path, authority: Path, origin: str) -> RelayProcess:
    return RelayProcess(folder / "relay", "--allow-origin", origin, authority=authority)


def visit(phones: Phones, rig: Rig, relay: RelayProcess, served: Site, device: str = "") -> Phone:
    served.page = example(relay)
    phone = phones.start(rig, GUEST, relay.authority)
    phone.page.add_init_script(device)
    return phone.open(served.origin)


def test_a_page_of_an_allowed_site_talks_and_listens(
    tmp_path: Path, shared_authority: Path, rig: Rig, phones: Phones
) -> None:
    with site() as served, a_relay(tmp_path, shared_authority, served.origin) as relay:
        anna = phones.start(rig, ANNA, relay.authority).open(relay.link + UNPROCESSED).join("Anna")
        guest = visit(phones, rig, relay, served, CANCELS_NO_ECHO)
        guest.press("Join")
        shared = [phone.page.evaluate("crossOriginIsolated") for phone in (anna, guest)]
        assert shared == [True, False], "packets go to the audio thread in shared memory, and by messages"
        relay.wait_for_members(2)
        for member in (ANNA, GUEST):
            rig.wait_attached(member)
        assert hears(rig, ANNA, GUEST)
        assert hears(rig, GUEST, ANNA)
        guest.press("I can be heard")
        with rig.record() as recording:
            recording.wait_ms(500)
            start = recording.length
            rig.play(rig.microphone(GUEST), speech(GUEST)).wait()
            assert level_dbfs(recording.wire(rig.speaker(ANNA), start)) < SILENCE_DBFS
        guest.press("Leave")
        relay.wait_for_members(1)
        assert guest.errors == []


def test_the_events_tell_what_becomes_of_it(
    tmp_path: Path, shared_authority: Path, rig: Rig, phones: Phones
) -> None:
    with site() as served, a_relay(tmp_path, shared_authority, served.origin) as relay:
        guest = visit(phones, rig, relay, served).page
        guest.evaluate(LISTEN)
        guest.get_by_role("button", name="Join").click()
        guest.wait_for_function("told.some(([type]) => type === 'joined')")
        rig.wait_attached(GUEST)
        rig.play(rig.microphone(GUEST), speech(GUEST))
        guest.wait_for_function(
            "told.some(([type, detail]) => type === 'talking' && detail.names.includes('Ada'))"
        )
        guest.evaluate("document.querySelector('streamer-room').leave()")
        guest.wait_for_function("told.some(([type]) => type === 'left')")
        guest.evaluate("document.querySelector('streamer-room').setAttribute('key', 'wrong')")
        guest.get_by_role("button", name="Join").click()
        guest.wait_for_function(
            "told.some(([type, detail]) => type === 'error' && detail.code === 'key-wrong')"
        )
        assert guest.evaluate("told.find(([type]) => type === 'joined')[1]") == {
            "room": "home",
            "name": "Ada",
        }


@pytest.mark.sound
def test_somebody_who_hears_another_in_the_air_is_told_and_can_mute(
    tmp_path: Path, rig: Rig, phones: Phones
) -> None:
    with site() as served, RelayProcess(tmp_path / "relay", "--allow-origin", served.origin) as relay:
        guest = visit(phones, rig, relay, served, CANCELS_NO_ECHO)
        guest.page.evaluate(LISTEN)
        with crowd(relay, 1, talkers=1), rig.copy(rig.speaker(GUEST), rig.microphone(GUEST)):
            guest.press("Join")
            guest.page.get_by_role("alert").get_by_text("Ada is in the same room as you").wait_for()
            check_looks(guest.page, "guest page, with a warning", within="streamer-room")
            guest.press("Mute my microphone")
            guest.page.get_by_role("alert").wait_for(state="hidden")
        told = guest.page.evaluate("told.filter(([type]) => type === 'danger' || type === 'muted')")
        assert [next(iter(detail.values())) for _, detail in told][-2:] == [True, ""]
        assert guest.page.locator("#talk").get_attribute("aria-pressed") == "false"


def test_a_page_of_any_other_site_gets_no_room(
    tmp_path: Path, shared_authority: Path, rig: Rig, phones: Phones
) -> None:
    with site() as served, a_relay(tmp_path, shared_authority, "https://club.example") as relay:
        guest = visit(phones, rig, relay, served)
        guest.page.wait_for_load_state("networkidle")
        assert guest.page.evaluate("customElements.get('streamer-room') === undefined")
        assert any("CORS" in error for error in guest.errors), guest.errors
        assert relay.healthz()["members"] == 0
