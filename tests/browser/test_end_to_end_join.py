"""From the code to the room: the join page in a browser that trusts nobody yet, and in one that does."""

import base64
import json
import os
import re
import ssl
from pathlib import Path

import pytest
from audio_rig import Rig
from forged_certificates import BANK, forge
from phone import CHROMIUM, IPHONE, PATIENCE_MS, Phone, Phones
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page
from processes import RelayProcess
from test_live_certificate import server

pytestmark = pytest.mark.browser

POLICIES_AT_REST_MS = 4_000
"""Chromium never looks again at a policy that changes while it starts."""


class Administration:
    """What an administrator tells one Chromium alone: mounted where it looks, in a mount namespace of its
    own.

    Chromium reads its certificate stores once; a policy's authorities it takes while it runs, as a phone's
    settings do.
    """

    def __init__(self, folder: Path) -> None:
        self._policies = folder / "etc/policies/managed"
        self._policies.mkdir(parents=True)
        self.browser = folder / "chromium"
        mount = f"mount --bind '{folder / 'etc'}' /etc/chromium"
        # A user who is not root may mount in a namespace where they are.
        unshare = "unshare --mount" if os.geteuid() == 0 else "unshare --mount --map-root-user"
        self.browser.write_text(
            f'#!/bin/sh\nexec {unshare} sh -c "{mount} && exec {CHROMIUM} \\"\\$@\\"" sh "$@"\n'
        )
        self.browser.chmod(0o755)

    def install(self, authority: Path) -> None:
        certificate = base64.b64encode(ssl.PEM_cert_to_DER_cert(authority.read_text())).decode()
        (self._policies / "authority.json").write_text(json.dumps({"CACertificates": [certificate]}))


def wait_for_room(page: Page, relay: RelayProcess) -> None:
    page.wait_for_url(re.compile("^https:"), wait_until="load", timeout=PATIENCE_MS)
    assert page.url == relay.link


def is_talking(phone: Phone, relay: RelayProcess) -> bool:
    relay.wait_for_members(1)
    return phone.page.locator("#mic[data-mic=on]").is_visible()


def test_somebody_who_trusts_the_relay_scans_presses_join_and_talks(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).open(relay.join_link)
    wait_for_room(phone.page, relay)
    assert is_talking(phone.join(), relay)
    assert phone.errors == []


@pytest.mark.own_browser
def test_somebody_who_comes_to_trust_it_goes_on_without_a_reload(
    tmp_path: Path, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    administration = Administration(tmp_path / "administration")
    phone = phones.start(rig, 0, browser=administration.browser).open(relay.join_link)
    phone.page.get_by_text("Your browser will warn you").wait_for()
    assert phone.page.get_by_role("link", name="Go on").get_attribute("href") == relay.link
    phone.page.get_by_text("Trust this server for good").click()
    assert fingerprint_in_terminal(relay) == phone.page.inner_text("#fingerprint").split()
    phone.page.wait_for_timeout(POLICIES_AT_REST_MS)
    administration.install(relay.authority)
    wait_for_room(phone.page, relay)
    assert is_talking(phone.join(), relay)


def fingerprint_in_terminal(relay: RelayProcess) -> list[str]:
    found = re.search(r"fingerprint: (\S+)", relay.log)
    assert found
    return found[1].split(":")


def test_where_the_page_opens_and_the_socket_does_not_the_cure_is_shown(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority, user_agent=IPHONE)
    phone.page.route_web_socket(re.compile("/trust$"), lambda socket: socket.close())
    phone.page.add_init_script("WebSocket = class extends WebSocket { set onopen(_) {} }")
    phone.open(relay.join_link)
    phone.page.get_by_text("not yet its voice connection").wait_for()
    assert phone.page.get_by_text("Certificate Trust Settings").is_visible()
    assert (
        phone.page.get_by_role("link", name="Download the certificate").get_attribute("href")
        == "ca.mobileconfig"
    )


def test_chromium_takes_no_page_of_the_public_web_from_the_relay_s_authority(
    tmp_path: Path, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    with server(forge(relay.authority.parent, tmp_path).server_context()) as port:
        here = f"--host-resolver-rules=MAP {BANK} 127.0.0.1"
        page = phones.start(rig, 0, relay.authority, flags=(here,)).open(relay.link).page
        with pytest.raises(PlaywrightError, match=r"ERR_CERT_(?!AUTHORITY_INVALID|COMMON_NAME_INVALID)"):
            page.goto(f"https://{BANK}:{port}")
