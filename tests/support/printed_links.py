"""The links that `streamer serve` prints, taken from what it said: the one place that knows their order.

Of each room: the link by the join page, the one for who trusts the relay already (with TLS), and the one for
who only listens. Last of all comes the host's own.
"""

import re

from streamer.wire.room_link import Address

_A_LINK = re.compile(r"^(https?://\S+/#room=\S+)$", re.MULTILINE)


class PrintedLinks:
    """What people could copy from `log`; empty as long as nothing was handed out."""

    def __init__(self, log: str) -> None:
        self.all: list[str] = _A_LINK.findall(log)
        self._addresses = {link: Address.parse(link) for link in self.all}

    @property
    def host(self) -> str:
        return self.all[-1]

    @property
    def port(self) -> int:
        return self._addresses[self.host].port

    @property
    def to_talk(self) -> dict[str, str]:
        """By room: the link for who trusts the relay already, or the only one there is."""
        return {room: self._best(room, keys[0]) for room, keys in self._keys().items()}

    @property
    def talking_keys(self) -> dict[str, str]:
        """By room; empty where none is asked for."""
        return {room: keys[0] for room, keys in self._keys().items()}

    def _keys(self) -> dict[str, list[str]]:
        """By room in the order of printing: to talk, then to listen."""
        keys: dict[str, list[str]] = {}
        for link in self.all[:-1]:
            address = self._addresses[link]
            keys.setdefault(address.room, []).append(address.key)
        return keys

    def _best(self, room: str, key: str) -> str:
        links = [
            link
            for link in self.all
            if (self._addresses[link].room, self._addresses[link].key) == (room, key)
        ]
        return next((link for link in links if link.startswith("https:")), links[0])
