"""What the host sees when the relay is up: its addresses, the links, and a code to scan."""

import io
from collections.abc import Iterable
from urllib.parse import urlencode

import segno

from streamer.relay.addresses import LanAddress


def room_link(origin: str, room: str, key: str | None) -> str:
    """The link that opens the page in `room`. The invite is in the fragment: no server, log or Referer sees it."""
    fragment = {"room": room} | ({"key": key} if key else {})
    return f"{origin}/#{urlencode(fragment)}"


def qr_code(link: str) -> str:
    """`link` to be scanned from a terminal."""
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawing, border=2, compact=True)
    return drawing.getvalue()


def describe_addresses(addresses: Iterable[LanAddress], chosen: str) -> str:
    """A line for each, with what speaks for it or against it."""
    lines = []
    for each in addresses:
        mark = "→" if each.address == chosen else " " if each.is_usable else "✗"
        lines.append(f"  {mark} {each.address:15} {each.adapter}: {each.reason}")
    return "\n".join(lines)


def invitation(room: str, key: str | None, origin: str, join_origin: str | None) -> str:
    """How to come into `room`: scanned by way of the join page, where there is one."""
    link = room_link(origin, room, key)
    if join_origin is None:
        return f"\nScan to talk in the room {room}, or open\n\n{link}\n\n{qr_code(link)}"
    first = room_link(join_origin, room, key)
    return (
        f"\nScan to talk in the room {room}, or open\n\n{first}\n\n{qr_code(first)}\n"
        f"For a device that trusts this relay, and for `streamer talk`:\n\n{link}\n"
    )
