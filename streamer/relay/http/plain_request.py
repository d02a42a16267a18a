"""Requests in the plain form in which clients and proxies write them (RFC 9112), as aiohttp would read them.

Whatever could be read in more than one way is not plain: a body without a length, lines that are folded or
end otherwise, a field twice where there may be one. What is read here is what aiohttp reads, a test says.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

MAX_HEAD_BYTES: Final = 16_384
"""Longer ones, with the cookies of a whole host, are for aiohttp."""

_BEGINNINGS: Final = (b"GET /", b"POST /")
_END: Final = b"\r\n\r\n"
_HEAD: Final = re.compile(
    rb"(GET|POST) (/[!-~]*) HTTP/1\.1((?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*)+)\r\n\r\n"
)
_LENGTH: Final = re.compile(r"[0-9]{1,7}")
_ONCE: Final = ("host", "origin", "content-length", "connection")
_OTHERWISE: Final = frozenset(
    ("content-encoding", "expect", "http2-settings", "te", "trailer", "transfer-encoding", "upgrade")
)
"""Fields that ask for what is not plain."""

Fields = Mapping[str, list[str]]
"""By name in lower case, as they came."""


class NotPlainError(Exception):
    """What came is for aiohttp to judge."""


class PlainRequest(NamedTuple):
    """`size` is how many bytes it had."""

    method: str
    target: str
    fields: Fields
    body: bytes
    size: int

    def field(self, name: str) -> str | None:
        """The first one of that name."""
        return next(iter(self.fields.get(name, ())), None)


def parse(came: bytes, most_body_bytes: int) -> PlainRequest | int:
    """The request that `came` begins with; where it is not all there, how many bytes it takes at least.

    Raises NotPlainError, also for a body that is longer.
    """
    end = came.find(_END, 0, MAX_HEAD_BYTES) + len(_END)
    if end < len(_END):
        _check_beginning(came)
        return len(came) + 1
    head = _HEAD.fullmatch(came, 0, end)
    if head is None:
        raise NotPlainError
    fields = _fields(head[3].decode())
    method = head[1].decode()
    body_bytes = _body_bytes(method, fields)
    if body_bytes > most_body_bytes:
        raise NotPlainError
    size = end + body_bytes
    if size > len(came):
        return size
    return PlainRequest(method, head[2].decode(), fields, came[end:size], size)


def _check_beginning(came: bytes) -> None:
    is_plain = any(came.startswith(each) or each.startswith(came) for each in _BEGINNINGS)
    if not is_plain or len(came) >= MAX_HEAD_BYTES:
        raise NotPlainError


def _fields(lines: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for line in lines[2:].split("\r\n"):
        name, _, value = line.partition(":")
        fields.setdefault(name.lower(), []).append(value.strip(" \t"))
    if not _OTHERWISE.isdisjoint(fields) or any(len(fields.get(name, ())) > 1 for name in _ONCE):
        raise NotPlainError
    if "host" not in fields:
        raise NotPlainError
    if fields.get("connection", ["keep-alive"])[0].lower() != "keep-alive":
        raise NotPlainError
    return fields


def _body_bytes(method: str, fields: Fields) -> int:
    lengths = fields.get("content-length")
    if method == "GET" and not lengths:
        return 0
    if method != "POST" or not lengths or not _LENGTH.fullmatch(lengths[0]):
        raise NotPlainError
    return int(lengths[0])
