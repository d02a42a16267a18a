"""`streamer measure` as its user starts it, on a network as it is, and on one that is slower by a known time."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from processes import STREAMER, RelayProcess

SLOWER_MS = 37


@asynccontextmanager
async def slower(port: int, by_ms: float) -> AsyncIterator[int]:
    """A way to `port` on which everything takes longer, there as well as back."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(65_536):
            loop.call_later(by_ms / 1000, writer.write, data)
        loop.call_later(by_ms / 1000 + 0.1, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def measured(link: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        STREAMER, "measure", link, "--chirps", "12", "--json", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    answer: dict[str, Any] = json.loads(output)
    return answer


async def test_a_network_slower_by_37_ms_each_way_shows_as_37_ms_in_its_parts(tmp_path: Path) -> None:
    with RelayProcess(tmp_path, "--no-tls", "--open") as relay:
        port = int(relay.origin.rsplit(":", 1)[1])
        async with slower(port, SLOWER_MS) as slow_port:
            slow = await measured(relay.link.replace(str(port), str(slow_port), 1))
        plain = await measured(relay.link)
    for part in ("up", "down"):
        added = p50(slow, part) - p50(plain, part)
        assert abs(added - SLOWER_MS) < 3, f"{part}: {added}"
    for elsewhere in ("encode", "relay"):
        assert abs(p50(slow, elsewhere) - p50(plain, elsewhere)) < 3
    for answer in (plain, slow):
        assert answer["lost"] == 0
        assert abs(answer["live_error_ms"]) < 8


def p50(answer: dict[str, Any], part: str) -> float:
    return float(answer["live"]["parts"][part]["ms"]["p50"])
