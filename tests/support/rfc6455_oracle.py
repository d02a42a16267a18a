"""RFC 6455 in plain Python, written to be obviously right and not fast: what the compiled parser is compared
with."""

from collections.abc import Iterator
from dataclasses import dataclass

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
SENDABLE_CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}


class BrokenError(Exception):
    """How a peer broke the protocol, by the name that streamer.websocket.violations has for it."""


@dataclass
class Frame:
    opcode: int
    payload: bytes = b""
    fin: bool = True
    rsv: int = 0
    key: bytes | None = b"\x37\xfa\x21\x3d"
    length_bytes: int | None = None
    """0, 2 or 8: how the length is written; None for the shortest way."""

    def serialize(self) -> bytes:
        size = len(self.payload)
        form = self.length_bytes
        if form is None:
            form = 0 if size < 126 else 2 if size < 65_536 else 8
        short = {0: size, 2: 126, 8: 127}[form]
        head = bytes([self.fin << 7 | self.rsv << 4 | self.opcode, (self.key is not None) << 7 | short])
        head += size.to_bytes(form, "big") if form else b""
        if self.key is None:
            return head + self.payload
        return head + self.key + bytes(octet ^ self.key[i % 4] for i, octet in enumerate(self.payload))


def parse(
    data: bytes, *, from_client: bool, max_message_bytes: int
) -> tuple[list[tuple[int, bytes]], str | None]:
    """The messages that `data` holds, up to its end, a close frame or a failure; and the cause of that."""
    messages: list[tuple[int, bytes]] = []
    try:
        for message in _messages(data, from_client, max_message_bytes):
            messages.append(message)
            if message[0] == CLOSE:
                break
    except BrokenError as broken:
        return messages, str(broken)
    return messages, None


def _messages(data: bytes, from_client: bool, limit: int) -> Iterator[tuple[int, bytes]]:
    opcode, gathered = CONTINUATION, b""
    while True:
        head = _head(data, from_client, unfinished=bool(opcode), room=limit - len(gathered))
        if head is None:
            return
        fin, frame_opcode, key, start, size = head
        payload = data[start : start + size]
        if key:
            payload = bytes(octet ^ key[i % 4] for i, octet in enumerate(payload))
        is_whole = len(payload) == size
        data = data[start + size :]
        if frame_opcode >= CLOSE:
            if not is_whole:
                return
            if frame_opcode == CLOSE:
                _check_close(payload)
            yield frame_opcode, payload
            continue
        opcode, gathered = opcode or frame_opcode, gathered + payload
        if opcode == TEXT:
            _check_text(gathered, ends=fin and is_whole)
        if not is_whole:
            return
        if fin:
            yield opcode, gathered
            opcode, gathered = CONTINUATION, b""


def _head(
    data: bytes, from_client: bool, *, unfinished: bool, room: int
) -> tuple[bool, int, bytes, int, int] | None:
    """FIN, opcode, key, where the payload starts and its size; None where the header is not all there."""
    if len(data) < 2:
        return None
    fin, opcode, masked, short = bool(data[0] & 0x80), data[0] & 0x0F, bool(data[1] & 0x80), data[1] & 0x7F
    _check_start(data[0] & 0x70, opcode, masked, from_client)
    _check_order(fin, opcode, short, unfinished)
    form = {126: 2, 127: 8}.get(short, 0)
    start = 2 + form + 4 * masked
    if len(data) < start:
        return None
    size = int.from_bytes(data[2 : 2 + form], "big") if form else short
    _check_size(size, form, room if opcode < CLOSE else 125)
    return fin, opcode, data[2 + form : start], start, size


def _check_start(reserved: int, opcode: int, masked: bool, from_client: bool) -> None:
    if reserved:
        raise BrokenError("reserved-bits")
    if opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise BrokenError("reserved-opcode")
    if masked != from_client:
        raise BrokenError("not-masked" if from_client else "masked")


def _check_order(fin: bool, opcode: int, short: int, unfinished: bool) -> None:
    if opcode >= CLOSE:
        if not fin:
            raise BrokenError("control-fragmented")
        if short > 125:
            raise BrokenError("control-too-long")
    elif opcode == CONTINUATION and not unfinished:
        raise BrokenError("nothing-to-continue")
    elif opcode != CONTINUATION and unfinished:
        raise BrokenError("message-unfinished")


def _check_size(size: int, form: int, room: int) -> None:
    if size >> 63:
        raise BrokenError("length-too-large")
    if form and size < {2: 126, 8: 65_536}[form]:
        raise BrokenError("not-minimal")
    if size > room:
        raise BrokenError("message-too-big")


def _check_text(text: bytes, *, ends: bool) -> None:
    """Fails at the first byte that no continuation could make right."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        is_only_cut = error.reason == "unexpected end of data" and not ends
        if not is_only_cut:
            raise BrokenError("not-utf8") from None


def _check_close(payload: bytes) -> None:
    if len(payload) == 1 or (payload and int.from_bytes(payload[:2], "big") not in SENDABLE_CODES):
        raise BrokenError("bad-close")
    _check_text(payload[2:], ends=True)
