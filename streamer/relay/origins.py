"""Which web pages may use this relay from somebody's browser.

A browser says with every WebSocket and every changing request from which page it comes (Fetch, section 3.2). Without
a look at that, any site which somebody visits could join a room from inside their network (cross-site WebSocket
hijacking), and a public name made to point here (DNS rebinding) would pass for the relay's own. Programs send no
Origin; they need the invite all the same.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from streamer.errors import RefusedError, SetupError


class Origins:
    """The relay's own origins, set by who knows the addresses, and those that its host allows beside them."""

    def __init__(self, allowed: Iterable[str] = (), url: str | None = None) -> None:
        """`url` is where a proxy shows the relay. Raises SetupError for what is no origin."""
        self.url = _as_origin("--url", url) if url else None
        self._own: frozenset[str] = frozenset()
        self._foreign = frozenset(_as_origin("--allow-origin", each) for each in allowed)

    def own(self, scheme: str, hosts: Iterable[str], port: int) -> None:
        """From now on the relay is at these hosts; `*.` before a name stands for one label."""
        self._own = frozenset(f"{scheme}://{_authority(host, port, scheme)}" for host in hosts)

    def is_foreign(self, origin: str) -> bool:
        """Is it another one's, and allowed? Then its page needs CORS headers."""
        return origin in self._foreign

    def check(self, origin: str | None) -> None:
        """Raises RefusedError for a page that is neither the relay's own nor allowed."""
        if origin is None or self._is_own(origin) or self.is_foreign(origin):
            return
        message = (
            f"a page from {origin[:80]} may not use this relay; its host can allow it: streamer serve --allow-origin"
        )
        raise RefusedError(message, status=403, code="foreign-origin")

    def _is_own(self, origin: str) -> bool:
        return origin == self.url or origin in self._own or _wildcard(origin) in self._own


def _authority(host: str, port: int, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port == {"https": 443, "http": 80}[scheme] else f"{shown}:{port}"


def _wildcard(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    return f"{scheme}://*.{host.partition('.')[2]}"


def _as_origin(option: str, url: str) -> str:
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme not in ("http", "https") or not parts.netloc or url not in (origin, f"{origin}/"):
        raise SetupError(f"{option} {url} is not an origin: give scheme and host alone, such as https://example.org")
    return origin
