"""Which web pages may use this relay from somebody's browser.

A browser says with every WebSocket and every changing request from which page it comes (Fetch, section 3.2).
Without a look at that, any site which somebody visits could join a room from inside their network (cross-site
WebSocket hijacking), and a public name made to point here (DNS rebinding) would pass for the relay's own.
Programs send no Origin; they need the invite, too.

A page is the relay's own if its origin is one of the relay's addresses. It is also if its host is where the
request was sent to, which is how a page looks that came through a mapped port or a tunnel: but only if that
host is an IP address, `localhost`, a `.local` name or a name of ours. Nobody on the internet can make one of
these point here.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, NamedTuple, Self
from urllib.parse import quote

from yarl import URL

from streamer.errors import RefusedError, SetupError
from streamer.relay.access.other_relays import OtherRelays

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
MAX_CHARACTERS: Final = 300
"""A host name has 253 at most (RFC 1035, section 2.3.4); the rest is for scheme and port."""

_ORIGIN: Final = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[^\s\x00-\x20/?#@\\%*:\[\]]+)(?::([0-9]{0,5}))?/?", re.IGNORECASE
)
_URL: Final = re.compile(r"(https?://[^/?#\\]*)(/[^?#\\]*)?", re.IGNORECASE)
_SEGMENT: Final = re.compile(r"(?!\.{1,2}$)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[89A-Fa-f][0-9A-Fa-f])+")
"""Of a path; percent-encoded is only what has no other form, so that every proxy passes it on as it is."""
MAX_PATH_CHARACTERS: Final = 200
"""Each link and code holds it, and a longer code is hard to scan."""
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.ASCII)
_LOCAL: Final = re.compile(r"(.+\.)?(localhost|local)", re.ASCII)


class Origin(NamedTuple):
    """As RFC 6454 compares them: host in lower case and in Punycode, without a dot at its end."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None where `text` is not the origin of a web page."""
        found = _ORIGIN.fullmatch(text) if len(text) <= MAX_CHARACTERS else None
        if found is None:
            return None
        scheme, host, port = found[1].lower(), _normal_host(found[2]), int(found[3] or 0)
        if host is None or port > 0xFFFF or (found[3] and not port):
            return None
        return cls(scheme, host, port or DEFAULT_PORTS[scheme])

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (
            "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        )


class Origins:
    """The relay's own origins, set by who knows the addresses, and those that its host allows beside them."""

    def __init__(
        self, allowed: Iterable[str] = (), url: str | None = None, other_relays: Iterable[str] = ()
    ) -> None:
        """`url` is where a proxy shows the relay. Raises SetupError for what is no origin; `url` may have a
        path."""
        self._url: Origin | None = None
        self.path = ""
        """What the relay is below at `url`, without a slash at its end."""
        if url:
            self._url, self.path = _split_url(url)
        self.others = OtherRelays(other_relays)
        """The other relays of this service; their pages may use this one."""
        self.join_origin = ""
        """Of the page over plain HTTP where devices learn to trust the relay; empty without such a page."""
        self._scheme = "https"
        self._own: frozenset[Origin] = frozenset()
        self._names: frozenset[str] = frozenset([self._url.host]) if self._url else frozenset()
        self._foreign = frozenset(_as_origin("--allow-origin", each) for each in allowed)

    @property
    def url(self) -> str | None:
        """What all links begin with; no slash is at its end."""
        return f"{self._url}{self.path}" if self._url else None

    def own(self, scheme: str, hosts: Iterable[str], port: int) -> None:
        """From now on the relay is at these hosts; `*.` before a name stands for one label."""
        names = {_without_zone(host) for host in hosts}
        self._scheme = scheme
        self._own = frozenset(Origin(scheme, name, port) for name in names)
        self._names = frozenset(names | ({self._url.host} if self._url else set()))

    def is_foreign(self, origin: str) -> bool:
        """Is it another one's, and allowed? Then its page needs CORS headers."""
        page = Origin.parse(origin)
        return page is not None and self._is_allowed(page)

    def check(self, origin: str | None, asked: str | None = None) -> None:
        """Raises RefusedError for a page that is neither the relay's own nor allowed.

        `asked` is where the request was sent to: host and port, as in its header Host.
        """
        if origin is None:
            return
        page = Origin.parse(origin)
        if page and (self._is_allowed(page) or self._is_own(page) or self._is_where_asked(page, asked)):
            return
        raise RefusedError(
            f"a page from {origin[:80]} may not use this relay; its host can allow it: "
            "streamer serve --allow-origin",
            status=403,
            code="foreign-origin",
        )

    def _is_allowed(self, page: Origin) -> bool:
        return page in self._foreign or self.others.has_origin(str(page))

    def _is_own(self, page: Origin) -> bool:
        return page == self._url or page in self._own or page._replace(host=_wildcard(page.host)) in self._own

    def _is_where_asked(self, page: Origin, asked: str | None) -> bool:
        if asked is None or page.scheme != self._scheme:
            return False
        return Origin.parse(f"{page.scheme}://{asked}") == page and self._is_trustworthy(page.host)

    def _is_trustworthy(self, host: str) -> bool:
        """Can only we, and people on this network, make it point here?"""
        if host in self._names or _wildcard(host) in self._names or _LOCAL.fullmatch(host):
            return True
        return _ip(host) is not None


@lru_cache(maxsize=256)  # of at most MAX_CHARACTERS each; whoever comes again names the same ones
def _normal_host(host: str) -> str | None:
    """As a browser writes it in an Origin, without brackets; None where it is no host, or can't be told for
    sure."""
    if host.startswith("["):
        return _ip(host[1:-1])
    try:
        name = URL.build(scheme="http", host=host.removesuffix(".")).raw_host or ""
    except ValueError:
        return None
    name = name.lower().removesuffix(".")
    if _NAME.fullmatch(name) is None:
        return None
    is_number = re.fullmatch(r"\d+|0x[0-9a-f]*", name.rpartition(".")[2])
    return _ip(name) if is_number else name


def _ip(address: str) -> str | None:
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def _without_zone(host: str) -> str:
    name = host.partition("%")[0]
    if name.startswith("*."):
        return name.lower()
    return _ip(name) or _normal_host(name) or name.lower()


def _wildcard(host: str) -> str:
    return f"*.{host.partition('.')[2]}"


def other_relays(given: Iterable[str], own: str) -> list[str]:
    """As clients are told them; `own` begins with the scheme by which they come here.

    Raises SetupError for what is no address, or one where they could not go from here.
    """
    found = []
    for text in given:
        origin, path = _split_url(text, "--other-relay")
        if not re.match(f"{origin.scheme}(:|$)", own, re.IGNORECASE):
            raise SetupError(
                f"--other-relay {text}: members come here by another scheme, and would not go there"
            )
        found.append(f"{origin}{path}")
    return found


def _split_url(text: str, option: str = "--url") -> tuple[Origin, str]:
    found = _URL.fullmatch(text)
    path = quote((found[2] or "").removesuffix("/"), safe="/%~!$&'()*+,;=:@") if found else ""
    origin = Origin.parse(found[1]) if found else None
    is_path = all(map(_SEGMENT.fullmatch, path.split("/")[1:])) and len(path) <= MAX_PATH_CHARACTERS
    if origin is None or not is_path:
        raise SetupError(
            f"{option} {' '.join(text.split())} is not an origin, or one with a path: give scheme and host, "
            "a port "
            "where it is not the usual one, and the path that the relay is below, such as "
            "https://example.org/voice/"
        )
    return origin, path


def _as_origin(option: str, text: str) -> Origin:
    origin = Origin.parse(text)
    if origin is None:
        raise SetupError(
            f"{option} {' '.join(text.split())} is not an origin: give scheme and host, and a port where it "
            "is "
            "not the usual one, such as https://example.org"
        )
    return origin
