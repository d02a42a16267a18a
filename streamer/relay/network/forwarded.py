"""Whose request a proxy passes on, from `Forwarded` (RFC 7239) or `X-Forwarded-For`.

Each proxy appends who it heard from, so the entries are read from the right: as long as the one who wrote an
entry is a trusted proxy, the entry is believed. What stands further left may be a forgery, and is not looked
at. Proxies add to one of the two headers and pass the other on as their client sent it: two that disagree are
refused, not chosen from.
"""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from streamer.errors import RefusedError
from streamer.relay.access.source import plain_address
from streamer.relay.network.proxies import TrustedProxies

MAX_CHARACTERS: Final = 4_096
"""Of one header, all its lines together: each proxy on the way adds less than 100."""

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z:\[\]-]+"
"""A token, and the brackets and colons of addresses, which many proxies leave without the quotes they should
have."""
_QUOTED: Final = r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~])*"'
_PAIR: Final = re.compile(rf"({_NAME})=({_QUOTED}|{_VALUE})")
_ANY_PAIR: Final = rf"(?:{_NAME}=(?:{_QUOTED}|{_VALUE}))?"
_ELEMENT: Final = re.compile(rf"[ \t]*({_ANY_PAIR}(?:[ \t]*;[ \t]*{_ANY_PAIR})*)[ \t]*(,|$)")
_PORT: Final = re.compile(r"[0-9]{1,5}|_[A-Za-z0-9._-]+")
_NOBODY: Final = re.compile(r"unknown|_[A-Za-z0-9._-]+", re.IGNORECASE)


def real_address(
    peer: str, forwarded: Sequence[str], x_forwarded_for: Sequence[str], proxies: TrustedProxies
) -> str:
    """Returns the address that a request from `peer` counts for; the others are the lines of the two headers.

    Raises RefusedError `bad-forwarded` where a trusted proxy passes on what can't be understood.
    """
    if not proxies.trusts(peer):
        return peer
    found = {}
    if forwarded:
        found["Forwarded"] = _nearest(peer, _hops_forwarded(_joined("Forwarded", forwarded)), proxies)
    if x_forwarded_for:
        hops = _hops_x_forwarded_for(_joined("X-Forwarded-For", x_forwarded_for))
        found["X-Forwarded-For"] = _nearest(peer, hops, proxies)
    if len(set(found.values())) > 1:
        raise _refusal(
            "the headers Forwarded and X-Forwarded-For name different addresses; the proxy in front of this "
            "relay "
            "must set one of them and remove the other"
        )
    return next(iter(found.values()), peer)


def _nearest(peer: str, hops: Iterator[str], proxies: TrustedProxies) -> str:
    """The first address from the right that is no proxy of ours, or the last one that is known."""
    nearest = peer
    for hop in hops:
        if not proxies.trusts(nearest):
            break
        address = _address_of(hop)
        if address is None:
            break
        nearest = address
    return nearest


def _joined(header: str, lines: Sequence[str]) -> str:
    joined = ",".join(lines)
    if len(joined) > MAX_CHARACTERS:
        raise _refusal(f"the header {header} is longer than {MAX_CHARACTERS} characters")
    return joined


def _hops_x_forwarded_for(text: str) -> Iterator[str]:
    """From the right; empty entries are none (RFC 9110, section 5.6.1)."""
    yield from filter(None, (each.strip(" \t") for each in reversed(text.split(","))))


def _hops_forwarded(text: str) -> Iterator[str]:
    """What each `for` names, from the right.

    The header is taken apart as a whole: else a quote that a client leaves open would swallow what a proxy
    appends.
    """
    elements = list(_elements(text))
    for element in reversed(elements):
        named = [value for name, value in _PAIR.findall(element) if name.lower() == "for"]
        if len(named) > 1:
            raise _refusal("an element of the header Forwarded has more than one `for`")
        yield _unquoted(named[0]) if named else "unknown"


def _elements(text: str) -> Iterator[str]:
    position, separator = 0, ","
    while separator:
        found = _ELEMENT.match(text, position)
        if found is None:
            raise _refusal("the header Forwarded is malformed")
        if found[1]:
            yield found[1]
        position, separator = found.end(), found[2]


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _address_of(node: str) -> str | None:
    """None where the proxy does not tell whom it heard from (RFC 7239, section 6). Zones end at their link:
    they go."""
    host, port = node, ""
    if node.startswith("["):
        host, bracket, rest = node[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise _refusal("an address in a header of the proxy is malformed")
        port = rest[1:]
        is_bare = rest == ""
    elif node.count(":") == 1:
        host, _, port = node.partition(":")
        is_bare = False
    else:
        is_bare = True
    if not is_bare and not _PORT.fullmatch(port):
        raise _refusal("a port in a header of the proxy is malformed")
    if _NOBODY.fullmatch(host):
        return None
    try:
        return plain_address(str(ip_address(host)))
    except ValueError:
        raise _refusal("an address in a header of the proxy is malformed") from None


def _refusal(message: str) -> RefusedError:
    return RefusedError(message, status=400, code="bad-forwarded")
