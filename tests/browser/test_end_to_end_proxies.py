"""Two browsers talk through each real proxy of docs/proxies/, and over HTTP/2 where it strips Upgrade."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from audio_rig import Rig, wait_until
from following import code
from free_port import free_port
from phone import PATIENCE_MS, UNPROCESSED, Phone, Phones
from playwright.sync_api import expect
from proxies import ALL, Configuration, proxy
from stripping_nginx import Nginx
from test_proxies import BehindProxy

from streamer.relay.tls.authority import Authority

pytestmark = pytest.mark.browser

SPEECH_S = 2 * PATIENCE_MS / 1000
"""Longer than both are waited for."""
PROTOCOL = "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory, shared_authority: Path) -> Iterator[dict[str, str]]:
    """Into a room behind each proxy, all of which run at the same time."""
    folder, authority = tmp_path_factory.mktemp("behind"), Authority(shared_authority)
    with ExitStack() as stack, ThreadPoolExecutor() as together:

        def start(configuration: Configuration, port: int, relay_port: int) -> str:
            own = folder / configuration.name
            options = [*configuration.options(port, authority), "--port", str(relay_port)]
            relay = stack.enter_context(BehindProxy(own / "relay", *options))
            stack.enter_context(proxy(configuration, own / "proxy", authority, port, relay_port))
            return relay.link

        starting = {each.name: together.submit(start, each, free_port(), free_port()) for each in ALL}
        yield {name: started.result() for name, started in starting.items()}


def two(phones: Phones, rig: Rig, authority: Path, link: str) -> tuple[Phone, Phone]:
    anna, ben = (
        phones.start(rig, member, authority).open(link + UNPROCESSED).join(name)
        for member, name in enumerate(("Anna", "Ben"))
    )
    for member in range(2):
        rig.wait_attached(member)
    return anna, ben


def check_heard(rig: Rig, both: Sequence[Phone]) -> None:
    """Both speak until each page says how long the other takes to its loudspeaker, as it measures on what it
    plays."""
    speaking = [rig.play(rig.microphone(member), code(member, SPEECH_S)) for member in range(2)]
    try:
        for phone in both:
            expect(phone.delays().first).to_contain_text("ms")
    finally:
        for each in speaking:
            each.stop()


@pytest.mark.parametrize("name", [each.name for each in ALL])
def test_two_browsers_hear_each_other_through(
    name: str, rig: Rig, phones: Phones, links: dict[str, str], shared_authority: Path
) -> None:
    certificate = Authority(shared_authority).certificate_path
    for phone in two(phones, rig, certificate, links[name]):
        expect(phone.names()).to_have_count(2)
        expect(phone.page.locator("#slow-path")).to_be_hidden()
    check_heard(rig, phones.all)
    assert [phone.errors for phone in phones.all] == [[], []]


def test_two_browsers_hear_each_other_over_http_2_without_websockets(
    rig: Rig, phones: Phones, tmp_path: Path, shared_authority: Path
) -> None:
    authority = Authority(shared_authority)
    port, relay_port = free_port(), free_port()
    options = ["--no-tls", "--port", str(relay_port), "--url", f"https://127.0.0.1:{port}"]
    leaf = authority.leaf(["localhost"], ["127.0.0.1"])
    with (
        BehindProxy(tmp_path / "relay", *options) as relay,
        Nginx(tmp_path / "nginx", relay_port, port=port, leaf=leaf) as nginx,
    ):
        check_http_2(rig, two(phones, rig, authority.certificate_path, relay.link), nginx)


def check_http_2(rig: Rig, both: tuple[Phone, Phone], nginx: Nginx) -> None:
    for phone in both:
        expect(phone.page.locator("#slow-path")).to_be_visible()
        assert phone.page.evaluate(PROTOCOL) == "h2"
    check_heard(rig, both)
    for phone in both:
        assert [error for error in phone.errors if "WebSocket" not in error and "400" not in error] == []
        phone.page.close()  # which ends its stream, so that nginx notes it
    both_methods = {"HTTP/2.0 POST /leg", "HTTP/2.0 GET /leg"}
    wait_until(lambda: both_methods <= set(nginx.requests), PATIENCE_MS / 1000, lambda: str(nginx.requests))
    assert not any(each.endswith("/leg") and not each.startswith("HTTP/2.0") for each in nginx.requests)
