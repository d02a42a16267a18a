"""The plain-HTTP side of a relay with TLS: what it serves, what it does not, and that TLS goes on beside
it."""

import asyncio
import plistlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from streamer.relay.access.invites import InviteStore
from streamer.relay.http.app import Relay
from streamer.relay.http.join_app import JoinPage
from streamer.relay.http.static_files import read_page
from streamer.relay.running import listening
from streamer.relay.tls.authority import Authority, fingerprint

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, str, ssl.SSLContext]]:
    """A relay with an authority of its own; gives who asks, its host with the port, and a context that trusts
    it."""
    authority = Authority(folder)
    page = read_page()
    relay = Relay(InviteStore({}, is_open=True), page)
    tls = authority.leaf(["localhost"], [LOOPBACK]).server_context()
    plain = JoinPage(page, authority.certificate_path).application()
    trusting = ssl.create_default_context(cafile=str(authority.certificate_path))
    async with aiohttp.ClientSession() as http, listening(relay, LOOPBACK, 0, tls, plain) as port:
        yield http, f"{LOOPBACK}:{port}", trusting


async def test_one_port_serves_the_join_page_in_the_clear_and_the_room_over_tls(tmp_path: Path) -> None:
    async with house(tmp_path) as (http, host, trusting):
        async with http.get(f"http://{host}/") as answer:
            assert "join/main.js" in await answer.text()
            assert f"wss://{host}" in answer.headers["Content-Security-Policy"]
        async with http.get(f"https://{host}/", ssl=trusting) as answer:
            assert "page/main.js" in await answer.text()


async def test_all_that_the_join_page_names_is_there_in_the_clear(tmp_path: Path) -> None:
    web = Path(__file__).parents[3] / "web"
    named = {
        "/join/main.js",
        "/ui/dom.js",
        "/styles/base.css",
        "/styles/join.css",
        "/ui/platform.js",
        "/join/trust_probe.js",
        "/ui/setup_text.js",
        "/ui/text.js",
        "/ui/text/de.js",
        "/ui/text/de_reasons.js",
        "/ui/text/de_setup.js",
        "/ui/text/en.js",
        "/ui/text/en_reasons.js",
        "/ui/text/en_setup.js",
        "/ui/text/es.js",
        "/ui/text/es_reasons.js",
        "/ui/text/es_setup.js",
    }
    pictures = {f"/images/{path.name}" for path in (web / "images").iterdir()}
    assert len(pictures) == 8
    async with house(tmp_path) as (http, host, _):
        for path in named | pictures:
            async with http.get(f"http://{host}{path}") as answer:
                assert answer.status == 200, path


@pytest.mark.parametrize(
    "path", ["/index.html", "/page/main.js", "/ws?room=home", "/metrics", "/healthz", "/trust", "/no"]
)
async def test_everything_else_is_sent_to_https(tmp_path: Path, path: str) -> None:
    async with (
        house(tmp_path) as (http, host, _),
        http.get(f"http://{host}{path}", allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (307, f"https://{host}{path}")


async def test_phones_and_programs_get_the_authority_in_the_form_that_each_takes(tmp_path: Path) -> None:
    async with house(tmp_path) as (http, host, _):
        async with http.get(f"http://{host}/ca.crt") as answer:
            certificate = await answer.read()
            assert answer.content_type == "application/x-x509-ca-cert"
        async with http.get(f"http://{host}/ca.pem") as answer:
            assert await answer.text() == (tmp_path / "ca.pem").read_text()
        async with http.get(f"http://{host}/ca.mobileconfig") as answer:
            profile = plistlib.loads(await answer.read())
            assert answer.content_type == "application/x-apple-aspen-config"
        async with http.get(f"http://{host}/trust.json") as answer:
            facts = await answer.json()
    (payload,) = profile["PayloadContent"]
    assert (payload["PayloadType"], payload["PayloadContent"]) == ("com.apple.security.root", certificate)
    assert x509.load_der_x509_certificate(certificate).subject
    assert facts == {"fingerprint": fingerprint(tmp_path / "ca.pem"), "host": host}


async def test_the_proof_of_trust_answers_any_page_with_a_request_and_with_a_socket(tmp_path: Path) -> None:
    async with house(tmp_path) as (http, host, trusting):
        headers = {"Origin": f"http://{host}"}
        async with http.get(f"https://{host}/trust", ssl=trusting, headers=headers) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        async with http.ws_connect(f"wss://{host}/trust", ssl=trusting, headers=headers) as socket:
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_somebody_who_connects_and_says_nothing_is_let_go(tmp_path: Path) -> None:
    async with house(tmp_path) as (http, host, trusting):
        port = int(host.rpartition(":")[2])
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        async with http.get(f"https://{host}/healthz", ssl=trusting) as answer:
            assert answer.status == 200
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
