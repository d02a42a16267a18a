"""What somebody without an invite may try: each attack is a coroutine that goes on until it is cancelled."""

import asyncio
from contextlib import suppress
from typing import Final
from urllib.parse import urlencode

from attacks_by_members import ENEMY, NOISY, Attack, packet
from raw_peer import BINARY, PEOPLE, Target

from streamer.websocket.frames import serialize_frame
from streamer.websocket.mask import MaskingKeys

GET: Final = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
UPGRADE: Final = (
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: streamer.v1\r\n\r\n"
)


def strangers(
    first: bytes, again: bytes = b"", every_s: float = 1.0, *, speaks_tls: bool = True, reads: bool = False
) -> Attack:
    """Each sends `first` and then `again`; who is hung up on comes again after a second."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        if not reads:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        ending = asyncio.create_task(reader.read() if reads else asyncio.sleep(60))
        while not ending.done() and not writer.is_closing():
            await asyncio.wait([ending], timeout=every_s)
            writer.write(again)
        ending.cancel()

    async def stranger(target: Target) -> None:
        while True:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                reader, writer = await target.connect(ENEMY)
                try:
                    await hang(reader, writer)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(1)

    async def attack(target: Target, guests: int) -> None:
        await asyncio.gather(*(stranger(target._replace(tls=speaks_tls)) for _ in range(guests)))

    return attack


WRONG_INVITE: Final = b"GET /ws?room=quiet&key=wrong HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE
ECHO: Final = b"GET /ws?room=echo HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE
TO_ECHO: Final = serialize_frame(BINARY, packet(1, 20), MaskingKeys()) * 2


def asking(method: str, path: str) -> Attack:
    """With the invite of the noisy room, as fast as answers come: each connection asks once."""

    async def ask(target: Target) -> None:
        while True:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                reader, writer = await target.connect(ENEMY)
                query = urlencode({"room": NOISY, "key": target.keys[NOISY], "name": "Mallory"})
                head = f"{method} {path}?{query} HTTP/1.1\r\nHost: {PEOPLE}:{target.port}\r\n"
                head += "Content-Length: 0\r\n\r\n"
                writer.write(head.encode())
                await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                writer.transport.abort()

    async def attack(target: Target, guests: int) -> None:
        await asyncio.gather(*(ask(target) for _ in range(guests)))

    return attack


BY_STRANGERS: Final[dict[str, Attack]] = {
    "no TLS hello": strangers(b"", speaks_tls=False),
    "half a TLS hello": strangers(bytes.fromhex("1603010200010001fc0303"), speaks_tls=False),
    "letter by letter": strangers(GET + b"X: ", b"x", 0.2),
    "half a body": strangers(b"POST /check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 8000\r\n\r\n{"),
    "kept alive": strangers(GET + b"\r\n", GET + b"\r\n", 1.0, reads=True),
    "answers that nobody reads": strangers(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100),
    "wrong invites": strangers(WRONG_INVITE, WRONG_INVITE, 0.1, reads=True),
    "previews": asking("GET", "/room"),
    "knocks": asking("POST", "/knock"),
    "the room echo": strangers(ECHO, TO_ECHO, 0.01, reads=True),
}
