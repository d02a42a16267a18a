"""Two browsers talk through a real nginx, below a path of its site; their page keeps to that path."""

from pathlib import Path

import pytest
from audio_rig import Rig
from following import hears
from free_port import free_port
from phone import PATIENCE_MS, UNPROCESSED, Phone, Phones
from playwright.sync_api import expect
from processes import RelayProcess
from proxies import Configuration, proxy
from test_proxies import BehindProxy

from streamer.relay.tls.authority import Authority

pytestmark = pytest.mark.browser

BELOW_A_PATH = Configuration("nginx-below-a-path.conf")
SCOPES = "() => navigator.serviceWorker.ready.then((worker) => worker.scope)"
KEPT = "() => Object.keys(localStorage).filter((key) => !key.startsWith('streamer./voice/.'))"


def test_two_browsers_talk_below_a_path_and_invite_others_there(
    rig: Rig, phones: Phones, tmp_path: Path, shared_authority: Path
) -> None:
    authority = Authority(shared_authority)
    port, relay_port = free_port(), free_port()
    options = [*BELOW_A_PATH.options(port, authority), "--port", str(relay_port)]
    with (
        BehindProxy(tmp_path / "relay", *options) as relay,
        proxy(BELOW_A_PATH, tmp_path / "proxy", authority, port, relay_port),
    ):
        base = f"https://127.0.0.1:{port}/voice/"
        anna, ben = (
            phones.start(rig, member, authority.certificate_path).open(relay.link + UNPROCESSED).join(name)
            for member, name in enumerate(("Anna", "Ben"))
        )
        for member in range(2):
            rig.wait_attached(member)
        assert hears(rig, 0, 1)
        assert hears(rig, 1, 0)
        anna.page.locator("#open-invite").click()
        assert anna.page.locator("#invite-link").input_value().startswith(f"{base}#room=home")
        assert anna.page.evaluate(SCOPES) == base
        assert anna.page.evaluate(KEPT) == []
        assert [phone.errors for phone in (anna, ben)] == [[], []]
        check_device(ben, base)


def test_the_join_page_on_a_port_of_its_own_leads_into_the_room(
    rig: Rig, phones: Phones, tmp_path: Path, shared_authority: Path
) -> None:
    http_port = free_port()
    with RelayProcess(tmp_path / "relay", "--http-port", str(http_port), authority=shared_authority) as relay:
        there = f"http://127.0.0.1:{http_port}/"
        assert f"{there}#room=home" in relay.log
        phone = phones.start(rig, 0, relay.authority).open(there + "#" + relay.link.partition("#")[2])
        phone.page.wait_for_url(relay.link, timeout=PATIENCE_MS)
        phone.join("Anna")
        phone.page.locator("#open-invite").click()
        assert phone.page.locator("#invite-link").input_value().startswith(f"{there}#room=home")


def check_device(phone: Phone, base: str) -> None:
    """The page that tests a device finds the relay, too, and leads back."""
    phone.open(f"{base}check")
    phone.page.locator("#start-check").click()
    expect(phone.page.locator("#checks li").first).to_be_visible()
    assert phone.page.locator("#back").evaluate("link => link.href").startswith(base)
