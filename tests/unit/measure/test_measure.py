"""`streamer measure` as its user starts it: on a network as it is, on one slower by a known time, and in
vain."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from processes import START_S, STREAMER, RelayProcess, StreamerProcess

SLOWER_MS = 137
"""Far more than a busy machine adds to a median."""
CHIRPS = 12
EXACT = 0.25
"""The share of it within which the parts must agree."""


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


async def measure(
    link: str, *options: str, environment: dict[str, str] | None = None
) -> tuple[int | None, str, str]:
    """Its exit code, what it printed, and what it said of errors."""
    process = await asyncio.create_subprocess_exec(
        *(STREAMER, "measure", link, *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    output, errors = await asyncio.wait_for(process.communicate(), 4 * START_S)
    return process.returncode, output.decode(), " ".join(errors.decode().split())


async def measured(link: str) -> dict[str, Any]:
    exit_code, output, _ = await measure(link, "--chirps", str(CHIRPS), "--json")
    assert exit_code == 0
    answer: dict[str, Any] = json.loads(output)
    return answer


async def test_a_network_slower_by_a_known_time_each_way_shows_so_in_its_parts_and_in_no_other(
    tmp_path: Path,
) -> None:
    with RelayProcess(tmp_path, "--no-tls", "--open") as relay:
        port = int(relay.origin.rsplit(":", 1)[1])
        async with slower(port, SLOWER_MS) as slow_port:
            far = f"http://127.0.0.1:{slow_port}/#room=far"
            slow, plain = await asyncio.gather(measured(far), measured(relay.link))
    for part in ("up", "down"):
        added = p50(slow, part) - p50(plain, part)
        assert abs(added - SLOWER_MS) < EXACT * SLOWER_MS, f"{part}: {added}"
    for elsewhere in ("encode", "relay"):
        assert abs(p50(slow, elsewhere) - p50(plain, elsewhere)) < EXACT * SLOWER_MS
    for answer in (plain, slow):
        assert answer["lost"] <= CHIRPS // 4, "a busy machine may lose some"
        assert abs(answer["live_error_ms"]) < EXACT * SLOWER_MS


def p50(answer: dict[str, Any], part: str) -> float:
    return float(answer["live"]["parts"][part]["ms"]["p50"])


async def test_where_others_are_in_the_room_nobody_is_chirped_at(tmp_path: Path) -> None:
    listen = "--name", "Ada", "--output", tmp_path / "heard.wav"
    with (
        RelayProcess(tmp_path / "relay", "--no-tls", "--open") as relay,
        StreamerProcess(tmp_path, "listen", relay.link, *listen),
    ):
        relay.wait_for_members(1)
        exit_code, output, errors = await measure(relay.link, "--json")
    assert (exit_code, output) == (1, "")
    assert "Ada would hear the chirps: measure in an empty room" in errors


async def test_a_relay_that_goes_in_the_middle_leaves_no_number(tmp_path: Path) -> None:
    with RelayProcess(tmp_path / "relay", "--no-tls", "--open") as relay:
        measuring = asyncio.create_task(measure(relay.link, "--json"))
        async with asyncio.timeout(START_S):
            while relay.healthz()["members"] < 2:
                await asyncio.sleep(0.05)
    exit_code, output, errors = await measuring
    assert (exit_code, output) == (1, "")
    assert errors.startswith("Error: ")


async def test_without_a_microphone_it_is_said_what_is_missing(tmp_path: Path) -> None:
    nowhere = {
        "PULSE_SERVER": f"unix:{tmp_path}/none",
        "XDG_RUNTIME_DIR": str(tmp_path),
        "HOME": str(tmp_path),
    }
    exit_code, output, errors = await measure(
        "http://127.0.0.1:1/#room=home", "--device", environment=nowhere
    )
    assert (exit_code, output) == (1, "")
    assert "There is no microphone that works" in errors
