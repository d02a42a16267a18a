"""The addresses of the other relays of a service, as `welcome` lists them. Twin of
web/shared/relay_address.js.

An address is what links begin with, such as https://relay2.example.org:8443/voice. Whoever reads such a list
trusts it no further than this: what has another form or another scheme is passed over, and so is what is
beyond the bound.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Self

MAX_RELAYS: Final = 8
"""More would only make the way through all of them longer: each one that hangs takes a second."""
MAX_ADDRESS_CHARACTERS: Final = 500
"""A host name has 253 at most (RFC 1035, section 2.3.4), and the path of a relay 200."""

_LABEL: Final = "[a-z0-9_-]{1,63}"
_SEGMENT: Final = r"(?!\.{1,2}(?:/|$))(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[89A-Fa-f][0-9A-Fa-f])+"
_ADDRESS: Final = re.compile(
    rf"(https?)://(\[[0-9a-f:.]{{2,45}}\]|{_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?"
    rf"((?:/{_SEGMENT})*)/?",
    re.ASCII,
)
_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_IPV4: Final = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.|$)){4}", re.ASCII)
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_MOST_PORT: Final = 0xFFFF


class RelayAddress(NamedTuple):
    """Where a relay is; `host` of an IPv6 address is in brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """Without a slash at its end; empty where the site is the relay's."""

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """None where `text` is no such address."""
        if not isinstance(text, str) or len(text) > MAX_ADDRESS_CHARACTERS:
            return None
        found = _ADDRESS.fullmatch(text)
        if found is None or (_NUMBER.fullmatch(found[2]) and not _IPV4.fullmatch(found[2])):
            return None
        port = int(found[3] or _DEFAULT_PORTS[found[1]])
        return cls(found[1], found[2], port, found[4]) if port <= _MOST_PORT else None

    @property
    def origin(self) -> str:
        usual = self.port == _DEFAULT_PORTS[self.scheme]
        return f"{self.scheme}://{self.host}" + ("" if usual else f":{self.port}")

    def __str__(self) -> str:
        return f"{self.origin}{self.path}"


def usable_relays(listed: Iterable[object], scheme: str) -> list[RelayAddress]:
    """Those that a client which came by `scheme` may go to, in order, each once."""
    parsed = map(RelayAddress.parse, listed)
    return list(dict.fromkeys(each for each in parsed if each and each.scheme == scheme))[:MAX_RELAYS]
