"""A leg over plain HTTP behind a real nginx that speaks HTTP/2 to its clients, and strips Upgrade."""

import asyncio
import json
from asyncio.subprocess import PIPE
from pathlib import Path

from relay_fixture import KEY, PATIENCE_S, House
from stripping_nginx import Nginx

from streamer.relay.tls.authority import Authority
from streamer.websocket.frames import FrameParser

PING = b'{"type":"ping","t0":7}'
MASKED_PING = bytes([0x81, 0x80 | len(PING), 0, 0, 0, 0]) + PING


class Curl:
    """A client that speaks HTTP/2, and says so in the end."""

    def __init__(self, base: str, authority: Path) -> None:
        self._base = base
        self._command = ["curl", "--silent", "--no-buffer", "--http2", "--cacert", str(authority)]

    async def start(self, query: str, *arguments: str) -> asyncio.subprocess.Process:
        url = f"{self._base}/leg?{query}"
        return await asyncio.create_subprocess_exec(*self._command, *arguments, url, stdin=PIPE, stdout=PIPE)

    async def post(self, query: str, body: bytes) -> tuple[dict[str, str], str]:
        """The answer, and the version of HTTP in which it came."""
        arguments = ["--data-binary", "@-", "--write-out", "\n%{http_version}"]
        process = await self.start(query, *arguments)
        out, _ = await asyncio.wait_for(process.communicate(body), PATIENCE_S)
        answer, _, version = out.decode().rpartition("\n")
        return json.loads(answer), version


async def test_a_stream_and_batches_get_through_http_2(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    leaf = authority.leaf(["localhost"], ["127.0.0.1"])
    async with House.open() as house:
        with Nginx(tmp_path / "nginx", house.port, leaf=leaf) as nginx:
            curl = Curl(f"https://127.0.0.1:{nginx.port}", authority.certificate_path)
            opened, version = await curl.post(f"room=home&key={KEY}", b"")
            assert version == "2"
            leg = opened["leg"]
            stream = await curl.start(f"leg={leg}&from=0")
            assert stream.stdout
            try:
                parser, said = FrameParser(from_client=False, max_message_bytes=65_536), b""
                said += await until(stream.stdout, parser, b'"welcome"')
                taken, version = await curl.post(f"leg={leg}&at=0&from=0", MASKED_PING)
                assert (taken, version) == ({"at": len(MASKED_PING)}, "2")
                said += await until(stream.stdout, parser, b'"pong"')  # it comes while the stream goes on
            finally:
                stream.kill()
                await stream.wait()
            assert nginx.requests.count("HTTP/2.0 POST /leg") == 2


async def until(reader: asyncio.StreamReader, parser: FrameParser, words: bytes) -> bytes:
    """What comes, up to and with the message that has these words."""
    said = b""
    async with asyncio.timeout(PATIENCE_S):
        while words not in said:
            piece = await reader.read(65_536)
            assert piece, "the stream has ended"
            said += b"".join(payload for _, payload in parser.parse(piece))
    return said
