"""Time passes when everything waits, and not while there is something to do."""

import asyncio
import time

from virtual_time import run_virtually


def test_an_hour_passes_at_once() -> None:
    began = time.monotonic()
    _, took_s = run_virtually(asyncio.sleep(3_600))
    assert took_s == 3_600
    assert time.monotonic() - began < 600


def test_what_comes_through_a_socket_comes_before_time_goes_on() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async def main() -> list[float]:
        arrived = []
        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for _ in range(20):
                writer.write(b"x")
                await reader.readexactly(1)
                arrived.append(asyncio.get_running_loop().time() % 1)
                await asyncio.sleep(1)
            writer.close()
        return arrived

    arrived, took_s = run_virtually(main())
    assert took_s >= 20
    assert arrived == [0.0] * 20


def test_work_takes_no_time() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass

    assert run_virtually(main())[1] == 1
