"""Whose pages may use a relay: origins are compared as browsers write them, whatever way a person writes
them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from relay_fixture import KEY, House

from streamer.errors import RefusedError, SetupError
from streamer.relay.http.join_app import JOIN_PAGE, JoinPage
from streamer.relay.http.origins import Origin, Origins
from streamer.relay.http.static_files import Asset

WRITTEN = [
    ("https://voice.example.org", "https://voice.example.org"),
    ("https://voice.example.org/", "https://voice.example.org"),
    ("https://voice.example.org:443", "https://voice.example.org"),
    ("https://voice.example.org:0443", "https://voice.example.org"),
    ("https://voice.example.org:", "https://voice.example.org"),
    ("https://voice.example.org:80", "https://voice.example.org:80"),
    ("HTTPS://Voice.Example.ORG", "https://voice.example.org"),
    ("https://voice.example.org.", "https://voice.example.org"),
    ("http://voice.example.org:80", "http://voice.example.org"),
    ("http://voice.example.org:443/", "http://voice.example.org:443"),
    ("https://bücher.example", "https://xn--bcher-kva.example"),
    ("https://BÜCHER.example:443", "https://xn--bcher-kva.example"),
    ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ("https://bu\u0308cher.example", "https://xn--bcher-kva.example"),
    ("https://faß.example", "https://xn--fa-hia.example"),
    ("https://ｅｘａｍｐｌｅ。org", "https://example.org"),
    ("https://my_box.local:8443", "https://my_box.local:8443"),
    ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("https://[::1]:8443", "https://[::1]:8443"),
    ("https://[0:0:0:0:0:0:0:1]:443", "https://[::1]"),
    ("https://[2001:DB8::00A]", "https://[2001:db8::a]"),
]


@pytest.mark.parametrize(("written", "sent"), WRITTEN)
@pytest.mark.parametrize("option", ["url", "allowed"])
def test_an_origin_is_the_same_however_it_is_written(option: str, written: str, sent: str) -> None:
    origins = Origins(url=written) if option == "url" else Origins(allowed=[written])
    origins.check(sent, "127.0.0.1:8443")
    if option == "url":
        assert origins.url == sent
    else:
        assert origins.is_foreign(sent)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "https://*",
        "https://*.example.org",
        "voice.example.org",
        "//voice.example.org",
        "ftp://voice.example.org",
        "file:///index.html",
        "https://",
        "https://:443",
        "https://user@voice.example.org",
        "https://user:pw@voice.example.org",
        "https://voice.example.org//",
        "https://voice.example.org?room=home",
        "https://voice.example.org#room=home",
        "https://voice.example.org:99999",
        "https://voice.example.org:0",
        "https://voice.example.org:8443:1",
        "https://voice example.org",
        "https://voice.example.org ",
        "https://voice..example.org",
        "https://voice%2eexample.org",
        "https://voice\\example.org",
        "https://127.1",
        "https://0x7f.0.0.1",
        "https://2130706433",
        "https://127.0.0.01",
        "https://256.0.0.1",
        "https://[::1",
        "https://::1",
        "https://[fe80::1%eth0]",
        "https://[fe80::1%25eth0]",
        "https://[::g]",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 200 + "example",
        "https://voice.example.org\n",
        "https://a.example,https://b.example",
    ],
)
def test_what_is_no_origin_is_refused_at_the_start_in_words(text: str) -> None:
    with pytest.raises(SetupError, match=r"--allow-origin .* is not an origin"):
        Origins(allowed=[text])
    if text:
        with pytest.raises(SetupError, match=r"--url .* is not an origin"):
            Origins(url=text)


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(RefusedError) as refusal:
        yield
    assert (refusal.value.status, refusal.value.code) == (403, "foreign-origin")


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        ("https://192.168.1.7:9000", "192.168.1.7:9000"),  # a port mapped elsewhere
        ("https://127.0.0.1", "127.0.0.1"),
        ("https://localhost:9000", "localhost:9000"),  # ssh -L
        ("https://localhost.:8443", "localhost.:8443"),
        ("https://LOCALHOST:8443", "localhost:8443"),
        ("https://voice.localhost", "voice.localhost:443"),
        ("https://[fd00::7]:9000", "[fd00:0::7]:9000"),
        ("https://studio.local:9000", "studio.local:9000"),
        ("https://relay.example.net:9000", "relay.example.net:9000"),
        ("https://voice.example.org:9000", "voice.example.org:9000"),
        ("https://a.wild.example:9000", "a.wild.example:9000"),
    ],
)
def test_a_page_of_where_the_request_was_sent_to_is_our_own(origin: str, asked: str) -> None:
    origins = Origins(url="https://voice.example.org")
    origins.own("https", ["10.0.0.1", "relay.example.net", "*.wild.example"], 8443)
    origins.check(origin, asked)


@pytest.mark.parametrize(
    ("origin", "asked"),
    [
        ("https://evil.example", "evil.example"),  # DNS rebinding
        ("https://evil.example:8443", "evil.example:8443"),
        ("https://localhost.evil.example", "localhost.evil.example"),
        ("https://evil-local", "evil-local"),
        ("https://127.0.0.1.evil.example:8443", "127.0.0.1.evil.example:8443"),
        ("https://a.b.wild.example:9000", "a.b.wild.example:9000"),
        ("https://evil.example", "192.168.1.7:9000"),
        ("https://192.168.1.8:9000", "192.168.1.7:9000"),
        ("https://192.168.1.7:9001", "192.168.1.7:9000"),
        ("https://192.168.1.7", "192.168.1.7:8443"),
        ("http://192.168.1.7:9000", "192.168.1.7:9000"),
        ("https://localhost:9000", None),
        ("https://localhost:9000", "localhost:9000@evil.example"),
        ("null", "null"),
        ("", ""),
        ("https://", ""),
    ],
)
def test_a_page_from_elsewhere_is_refused_whatever_host_it_asks_for(origin: str, asked: str | None) -> None:
    origins = Origins(url="https://voice.example.org")
    origins.own("https", ["10.0.0.1", "relay.example.net", "*.wild.example"], 8443)
    with refused():
        origins.check(origin, asked)


def test_own_addresses_with_a_zone_and_names_in_capitals_are_known() -> None:
    origins = Origins()
    origins.own("https", ["fe80::1%eth0", "BÜRO-PC.local", "::ffff:10.0.0.1"], 443)
    for page in ("https://[fe80::1]", "https://xn--bro-pc-3ya.local"):
        origins.check(page)


@pytest.mark.parametrize(("written", "sent"), [("https://a.example:443", "https://a.example")])
def test_an_origin_is_written_as_browsers_write_it(written: str, sent: str) -> None:
    assert str(Origin.parse(written)) == sent


# Over HTTP

HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "streamer.v1",
}


async def status(house: House, **headers: str) -> int:
    query = {"room": "home", "key": KEY}
    sent = {**HANDSHAKE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with house.http.get(f"{house.url}/ws", params=query, headers=sent) as answer:
        answer.close()
        return answer.status


async def test_a_page_through_a_mapped_port_or_a_tunnel_gets_its_socket() -> None:
    async with House.open() as house:
        for host in ("127.0.0.1:9000", "localhost:9000", "localhost.:9000", "192.168.7.7", "[::1]:9000"):
            assert await status(house, Host=host, Origin=f"http://{host}") == 101
        assert await status(house, Host="evil.example", Origin="http://evil.example") == 403
        assert await status(house, Host="localhost:9000", Origin="http://localhost:9001") == 403


@pytest.mark.parametrize("kib", [9, 32, 64, 90])
async def test_cookies_of_other_programs_at_this_host_lock_nobody_out(kib: int) -> None:
    cookies = "; ".join(f"program{number}={'x' * 1_000}" for number in range(kib))
    async with House.open() as house:
        async with house.http.get(f"{house.url}/healthz", headers={"Cookie": cookies}) as answer:
            assert answer.status == 200
        assert await status(house, Cookie=cookies) == 101


@pytest.mark.parametrize("host", ["", "a b", "a@b", "a/b", "a; script-src *"])
async def test_a_request_for_what_is_no_host_is_refused_in_words(host: str) -> None:
    async with (
        House.open() as house,
        house.http.get(f"{house.url}/healthz", headers={"Host": host}) as answer,
    ):
        assert answer.status == 400
        assert "host" in await answer.text()


async def test_the_way_to_https_is_for_now_only() -> None:
    page = {JOIN_PAGE: Asset(b"join", b"join", "text/html", '"1"')}
    async with TestClient(TestServer(JoinPage(page, None).application())) as client:
        for method, path in (("GET", "/index.html"), ("GET", "/ws?room=home"), ("POST", "/check")):
            answer = await client.request(method, path, allow_redirects=False)
            assert answer.status in (302, 307)
            assert answer.headers["Location"].startswith("https://")
            assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://example.org/voice/", "https://example.org/voice"),
        ("https://example.org/voice", "https://example.org/voice"),
        ("HTTPS://Example.ORG:443/a/b-c_d.e~1/", "https://example.org/a/b-c_d.e~1"),
        ("https://example.org:8443/Küche/", "https://example.org:8443/K%C3%BCche"),
        ("https://[2001:db8::1]:8443/voice/", "https://[2001:db8::1]:8443/voice"),
    ],
)
def test_a_relay_below_a_path_begins_its_links_with_it_and_its_pages_come_from_the_site(
    written: str, shown: str
) -> None:
    origins = Origins(url=written)
    assert origins.url == shown
    origins.check(str(Origin.parse(shown.rpartition(origins.path)[0])), "127.0.0.1:8443")


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "/a//b",
        "/../x",
        "/a/./",
        "/a%2fb",
        "/a%2e",
        "/a%zz",
        "/a\\b",
        "/a?b",
        "/a#b",
        "/a b\n",
        "/" + "a" * 300,
    ],
)
def test_a_path_that_proxies_would_read_in_different_ways_is_refused(path: str) -> None:
    with pytest.raises(SetupError, match="--url"):
        Origins(url=f"https://example.org{path}")


def test_an_allowed_site_has_no_path() -> None:
    with pytest.raises(SetupError, match="--allow-origin"):
        Origins(allowed=["https://voice.example.org/room"])
