"""Behind a real nginx that has the certificate, configured as docs/operations.md says, and no further."""

import asyncio
import re
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from audio_rig import stop, wait_until
from processes import RelayProcess
from relay_fixture import PACKET, Guest

from streamer.relay.tls.authority import Authority
from streamer.wire.room_link import Address

OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"

AROUND_IT = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        {location}
    }}
}}
"""


def documented_location(relay_origin: str) -> str:
    found = re.search(r"```nginx\n(.*?)```", OPERATIONS.read_text(), re.DOTALL)
    assert found, "docs/operations.md has no block for nginx"
    assert "http://127.0.0.1:8443" in found[1]
    return found[1].replace("http://127.0.0.1:8443", relay_origin)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, authority: Authority, port: int, relay_origin: str) -> Iterator[None]:
    leaf = authority.leaf(["localhost"], ["127.0.0.1"])
    configuration = folder / "nginx.conf"
    location = documented_location(relay_origin)
    configuration.write_text(
        AROUND_IT.format(folder=folder, port=port, cert=leaf.cert, key=leaf.key, location=location)
    )
    log = folder / "nginx.log"
    with log.open("wb") as out:
        process = subprocess.Popen(["nginx", "-p", folder, "-c", configuration], stdout=out, stderr=out)
    try:
        wait_until(lambda: answers(port), 10, log.read_text)
        yield
    finally:
        stop(process)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Proxied:
    """A relay behind nginx, and guests that come through it."""

    def __init__(self, http: aiohttp.ClientSession, origin: str, address: Address) -> None:
        self.http = http
        self.origin = origin
        self._query = {"room": address.room, "key": address.key or ""}

    async def socket(self, **headers: str) -> aiohttp.ClientWebSocketResponse:
        return await self.http.ws_connect(
            f"{self.origin}/ws", params=self._query, protocols=["streamer.v1"], headers=headers
        )

    async def enter(self) -> Guest:
        guest = Guest(await self.socket(Origin=self.origin))
        guest.welcome = await guest.text("welcome")
        return guest


@asynccontextmanager
async def proxied(folder: Path, *options: str) -> AsyncIterator[Proxied]:
    port, relay_port = free_port(), free_port()
    origin = f"https://127.0.0.1:{port}"
    relay = RelayProcess(folder, "--no-tls", "--port", str(relay_port), "--url", origin, *options)
    authority = Authority(relay.authority.parent)
    trust = ssl.create_default_context(cafile=str(authority.certificate_path))
    with nginx(folder, authority, port, f"http://127.0.0.1:{relay_port}"), relay:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as http:
            yield Proxied(http, origin, Address.parse(relay.link))


async def test_the_page_comes_through_the_proxy_with_all_its_headers(tmp_path: Path) -> None:
    async with proxied(tmp_path) as house, house.http.get(f"{house.origin}/") as answer:
        assert answer.status == 200
        assert "default-src" in answer.headers["Content-Security-Policy"]


async def test_a_voice_comes_through_the_proxy_packet_by_packet(tmp_path: Path) -> None:
    async with proxied(tmp_path, "--deadline-ms", "30000") as house:  # a busy machine holds this relay up
        anna, ben = await house.enter(), await house.enter()
        for seq in range(20):
            await anna.socket.send_bytes(replace(PACKET, seq=seq).serialize())
            heard = await asyncio.wait_for(ben.packet(), 30)  # before the next is sent: nothing gathers them
            assert (heard.seq, heard.talker_id) == (seq, anna.welcome["talker_id"])


async def test_a_page_of_another_site_is_refused_behind_the_proxy_too(tmp_path: Path) -> None:
    async with proxied(tmp_path) as house:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket(Origin="https://evil.example")
        assert refused.value.status == 403


async def test_somebody_who_says_to_come_from_elsewhere_counts_where_the_proxy_is(tmp_path: Path) -> None:
    async with proxied(tmp_path, "--max-per-address", "2") as house:
        staying = [await house.socket(**{"X-Forwarded-For": "192.168.1.20"}) for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await house.socket(**{"X-Forwarded-For": "192.168.1.21"})
        assert refused.value.status == 429
        assert not any(guest.closed for guest in staying)
