"""Behind real proxies from Debian, each configured as a file of docs/proxies/ says."""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from free_port import free_port
from processes import RelayProcess
from proxies import ALL, IDLE_S, Configuration, proxy
from relay_fixture import PACKET, PATIENCE_S, Guest

import streamer
from streamer.relay.tls.authority import Authority
from streamer.wire.room_link import Address

MOST_PER_ADDRESS = 2
LINKS = re.compile(r"""(?:href|src)=["']([^"'#]+)""")
CHECK = b'{"browser": "a program", "rows": [{"name": "network", "state": "passes", "words": ""}]}'


@dataclass
class Stage:
    """A relay behind a proxy. Whoever comes from another address of 127.0.0.0/8 is somebody else."""

    configuration: Configuration
    relay: RelayProcess
    trust: ssl.SSLContext
    authority: Path

    @property
    def base(self) -> str:
        return self.relay.origin + "/"

    @property
    def host_key(self) -> str:
        return Address.parse(self.relay.host_link).key

    @asynccontextmanager
    async def client(self, address: str = "127.0.0.2") -> AsyncIterator[aiohttp.ClientSession]:
        connector = aiohttp.TCPConnector(ssl=self.trust, local_addr=(address, 0))
        async with aiohttp.ClientSession(connector=connector) as http:
            yield http

    async def enter(self, http: aiohttp.ClientSession, **headers: str) -> Guest:
        url = Address.parse(self.relay.link).socket_url()
        guest = Guest(await http.ws_connect(url, protocols=["streamer.v1"], headers=headers))
        guest.welcome = await guest.text("welcome")
        return guest

    async def api(self, http: aiohttp.ClientSession, path: str) -> Any:
        headers = {"Authorization": f"Bearer {self.host_key}"}
        async with http.get(f"{self.base}api/v1/{path}", headers=headers) as answer:
            return await answer.json()


class BehindProxy(RelayProcess):
    """Asks nothing of itself at its start: its proxy is not there yet."""

    def wait_ready(self) -> None:
        super(RelayProcess, self).wait_ready()


@pytest.fixture(scope="module", params=ALL, ids=lambda each: each.name)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    configuration: Configuration = request.param
    folder = tmp_path_factory.mktemp("behind")
    authority = Authority(folder / "authority")
    port, relay_port = free_port(), free_port()
    more = ["--max-per-address", str(MOST_PER_ADDRESS), "--ping-s", "0.5", "--deadline-ms", "30000"]
    options = [*configuration.options(port, authority), "--port", str(relay_port), *more]
    with (
        BehindProxy(folder / "relay", *options) as relay,
        proxy(configuration, folder / "proxy", authority, port, relay_port),
    ):
        trust = ssl.create_default_context(cafile=str(authority.certificate_path))
        yield Stage(configuration, relay, trust, authority.certificate_path)


async def test_the_page_and_all_that_it_names_are_below_the_path_that_the_link_says(stage: Stage) -> None:
    async with stage.client() as http:
        for page in ("", "check", "offline.html", "api/v1/"):
            async with http.get(stage.base + page) as answer:
                assert (answer.status, answer.content_type) == (200, "text/html")
                named = LINKS.findall(await answer.text())
                place = answer.url
            assert not [each for each in named if each.startswith("/")]
            for each in named:
                async with http.get(place.join(type(place)(each))) as answer:
                    assert answer.status == 200, each
        async with http.get(f"{stage.base}manifest.webmanifest") as answer:
            assert (await answer.json(content_type=None))["id"] == f"{stage.configuration.path}/"
        async with http.get(f"{stage.base}healthz") as answer:
            assert (await answer.json())["status"] == "ok"


async def test_the_page_s_headers_come_through(stage: Stage) -> None:
    async with stage.client() as http, http.get(stage.base) as answer:
        assert "default-src" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"


async def test_a_page_of_another_site_is_refused_and_one_of_this_site_is_not(stage: Stage) -> None:
    site = stage.relay.origin.removesuffix(stage.configuration.path)
    async with stage.client("127.0.0.10") as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stage.enter(http, Origin="https://evil.example")
        assert refused.value.status == 403
        await stage.enter(http, Origin=site)


async def test_the_path_without_its_last_slash_leads_to_the_page(stage: Stage) -> None:
    async with stage.client() as http, http.get(stage.relay.origin) as answer:
        assert (answer.status, answer.url.path) == (200, f"{stage.configuration.path}/")


async def test_the_interface_for_programs_says_where_it_is(stage: Stage) -> None:
    async with stage.client() as http:
        document = await stage.api(http, "openapi.json")
        assert document["servers"] == [{"url": f"{stage.configuration.path}/api/v1"}]
        problem = await stage.api(http, "rooms/no-such-room")
        assert problem["type"].startswith(f"{stage.configuration.path}/api/v1/#")


async def test_two_programs_hear_each_other_through_the_link(stage: Stage) -> None:
    async with (
        streamer.join(stage.relay.link, name="Anna", ca_file=stage.authority),
        streamer.join(stage.relay.link, name="Ben", ca_file=stage.authority) as ben,
    ):
        async with asyncio.timeout(PATIENCE_S):
            while "Anna" not in {member.name for member in ben.members}:
                await asyncio.sleep(0.01)


async def test_a_voice_comes_through_packet_by_packet(stage: Stage) -> None:
    async with stage.client("127.0.0.3") as http, stage.client("127.0.0.4") as other:
        anna, ben = await stage.enter(http), await stage.enter(other)
        for seq in range(20):
            await anna.socket.send_bytes(replace(PACKET, seq=seq).serialize())
            # Before the next is sent: nothing gathers them.
            heard = await asyncio.wait_for(ben.packet(), PATIENCE_S)
            assert (heard.seq, heard.talker_id) == (seq, anna.welcome["talker_id"])


async def test_limits_count_the_real_address_whatever_a_client_says(stage: Stage) -> None:
    forged = {"X-Forwarded-For": "10.9.9.9", "Forwarded": "for=10.9.9.9", "X-Real-IP": "10.9.9.9"}
    async with stage.client("127.0.0.5") as http, stage.client("127.0.0.6") as other:
        staying = [await stage.enter(http) for _ in range(MOST_PER_ADDRESS)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await stage.enter(http, **forged)
        assert refused.value.status == 429
        staying.append(await stage.enter(other))
        await send_check(stage, other, forged)
        assert (await stage.api(other, "checks"))["checks"][-1]["address"] == "127.0.0.6"
        assert not any(guest.socket.closed for guest in staying)


async def send_check(stage: Stage, http: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    async with http.post(f"{stage.base}check", data=CHECK, headers=headers) as answer:
        assert answer.status == 204, await answer.text()


async def test_a_quiet_room_is_kept_open_by_pings_beyond_the_proxy_s_patience(stage: Stage) -> None:
    async with stage.client("127.0.0.7") as http:
        guest = await stage.enter(http)
        with pytest.raises(TimeoutError):  # nothing happens at all, and aiohttp answers the pings
            await asyncio.wait_for(guest.socket.receive(), 2.5 * IDLE_S)
        assert await guest.hears_nothing()


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding: xchunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding : chunked\r\n",
        b"Content-Length: %d\r\nTransfer-Encoding:\x0bchunked\r\n",
        b"Content-Length: %d\r\nX: y\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: %d\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: %d\r\n",
        b"Content-Length: +%d\r\n",
    ],
)
async def test_no_request_is_smuggled_through_with_an_address_of_its_own(
    stage: Stage, framing: bytes
) -> None:
    path = f"{stage.configuration.path}/check".encode()
    origin = Address.parse(stage.relay.link)
    head = b"Host: 127.0.0.1:%d\r\n" % origin.port
    hidden = b"POST %s HTTP/1.1\r\n%sX-Forwarded-For: 10.9.9.9\r\nContent-Length: %d\r\n\r\n%s"
    body = b"0\r\n\r\n" + hidden % (path, head, len(CHECK), CHECK)
    request = b"POST %s HTTP/1.1\r\n%s%s\r\n%s" % (
        path,
        head,
        framing.replace(b"%d", b"%d" % len(body)),
        body,
    )
    await asyncio.to_thread(send_raw, stage, origin.port, request)
    async with stage.client("127.0.0.8") as http:
        await send_check(stage, http, {})
        addresses = [check["address"] for check in (await stage.api(http, "checks"))["checks"]]
    assert "10.9.9.9" not in addresses
    assert addresses[-1] == "127.0.0.8"


def send_raw(stage: Stage, port: int, request: bytes) -> None:
    with (
        socket.create_connection(
            ("127.0.0.1", port), timeout=PATIENCE_S, source_address=("127.0.0.9", 0)
        ) as plain,
        stage.trust.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.settimeout(1.0)  # s; whoever waits for more of it does not answer
        connection.sendall(request)
        try:
            while connection.recv(65_536):
                pass
        except OSError:
            return
