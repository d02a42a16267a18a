"""The link that people have, as the relay prints it: https://192.168.1.20:8443/#room=kitchen&key=1nv1te."""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from streamer.errors import StreamerError

ECHO_ROOM: Final = "echo"
"""Asks for no key: one person with one device can try everything there."""

_SECURE: Final = {"https": True, "wss": True, "http": False, "ws": False}
_EXAMPLE: Final = "https://192.168.1.20:8443/#room=kitchen&key=…"


def room_fragment(room: str, key: str = "", *, token: str = "", listen: bool = False) -> str:
    """What a link to `room` ends with; `listen` tells the page to ask for no microphone.

    It stands before the key: `#room=NAME&key=KEY` is the way in to talk, for whatever looks for that in a
    text.
    """
    parts = [urlencode({"room": room})]
    if listen:
        parts.append("listen")
    if key or token:
        parts.append(urlencode({"key": key} if key else {"token": token}))
    return f"#{'&'.join(parts)}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a room is, and what opens it: an invitation's `key`, or a program's `token`."""

    secure: bool
    host: str
    port: int
    room: str
    key: str = ""
    token: str = ""
    path: str = ""
    """Of the site that the relay is below, without a slash at its end; empty where the site is the
    relay's."""

    @classmethod
    def parse(cls, link: str) -> Self:
        """Raises StreamerError where `link` leads to no room."""
        link = link.strip()
        # A service's log holds what is raised here, but no key.
        shown = re.split("[?#]", link)[0] or "An empty link"
        if not link.isprintable():  # bytes that are no UTF-8 among them
            raise StreamerError(f"{shown} is not an address: it contains characters that no link has")
        try:
            parts = urlsplit(link if "://" in link else f"https://{link}")
            port = parts.port
        except ValueError as error:
            raise StreamerError(f"{shown} is not an address: {error}") from None
        if parts.scheme not in _SECURE:
            raise StreamerError(
                f"{shown} begins with {parts.scheme}://; a link to a room begins with https://"
            )
        if port == 0:
            raise StreamerError(f"{shown} is not an address: no relay is on port 0")
        if not parts.hostname:
            raise StreamerError(f"{shown} does not name a relay; a link looks like {_EXAMPLE}")
        asked_all = parse_qs(f"{parts.fragment}&{parts.query}", keep_blank_values=True)
        asked = {name: values[0] for name, values in asked_all.items()}
        if not asked.get("room"):
            raise StreamerError(f"{shown} does not name a room; a link looks like {_EXAMPLE}")
        secure = _SECURE[parts.scheme]
        port = port or (443 if secure else 80)
        path = parts.path.rpartition("/")[0]
        host = unquote(parts.hostname)  # the zone of an IPv6 address (RFC 6874)
        return cls(secure, host, port, asked["room"], asked.get("key", ""), asked.get("token", ""), path)

    @property
    def origin(self) -> str:
        """Host and port, as people read them."""
        host = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """What links to its rooms begin with."""
        return f"{'https' if self.secure else 'http'}://{self.origin}{self.path}/"

    def socket_url(self, name: str = "", resume: str = "", attempt: int = 0) -> str:
        """Of the room's socket. `attempt` counts a client's, so that a relay knows one that was held up."""
        asked = {"room": self.room, "key": self.key, "token": self.token, "name": name, "resume": resume}
        asked["attempt"] = str(attempt) if attempt else ""
        query = urlencode({field: value for field, value in asked.items() if value})
        return f"{'wss' if self.secure else 'ws'}://{self.origin}{self.path}/ws?{query}"
