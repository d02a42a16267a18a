"""What the host sees when the relay is up: its addresses, the links, and a code to scan."""

import io
from collections.abc import Iterable, Iterator
from enum import Enum
from urllib.parse import urlencode

import segno

from streamer.relay.network.addresses import LanAddress


def room_link(origin: str, room: str, key: str | None) -> str:
    """The link that opens the page in `room`. The invite is in the fragment: no server, log or Referer sees it."""
    fragment = {"room": room} | ({"key": key} if key else {})
    return f"{origin}/#{urlencode(fragment)}"


class CodeStyle(Enum):
    """How a code to scan is drawn: it depends on what the output can show."""

    BLOCKS = "blocks"
    """Half blocks, two rows in a line."""
    COLOURS = "colours"
    """Spaces in two colours, for a terminal without these characters."""
    NONE = "none"


def code_style(encoding: str | None, *, is_terminal: bool) -> CodeStyle:
    """The best that can be shown in `encoding`, which is Python's name for it."""
    try:
        "\u2580\u2584\u2588".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return CodeStyle.COLOURS if is_terminal else CodeStyle.NONE
    return CodeStyle.BLOCKS


def qr_code(link: str, style: CodeStyle = CodeStyle.BLOCKS) -> str:
    """`link` to be scanned from a terminal."""
    if style is CodeStyle.NONE:
        return "(No code: this output can't show one. Open the link instead, or set the encoding to UTF-8.)\n"
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawing, border=2, compact=style is CodeStyle.BLOCKS)
    return drawing.getvalue()


def describe_addresses(addresses: Iterable[LanAddress], chosen: str) -> str:
    """A line for each, with what speaks for it or against it."""
    lines = []
    for each in addresses:
        mark = "→" if each.address == chosen else " " if each.is_usable else "✗"
        lines.append(f"  {mark} {each.address:15} {each.adapter}: {each.reason}")
    return "\n".join(lines)


def best_there_is(addresses: Iterable[LanAddress], chosen: str) -> Iterator[str]:
    """Says so if no address is a good one, and `chosen` only the best of them."""
    found = list(addresses)
    if any(each.is_usable and each.address == chosen for each in found):
        return
    reason = next((each.reason for each in found if each.address == chosen), "only this computer itself")
    yield (
        f"Phones may not reach this computer: the best address it has is {chosen} ({reason}). Join the Wi-Fi of the "
        "phones, or name an address with --host."
    )


def not_covered(host: str) -> str:
    return (
        f"No certificate covers {host}, so browsers will refuse these links or warn. Use a certificate of your own "
        "(--cert, --key), or an address in a private network."
    )


def invitation(
    room: str, key: str | None, origin: str, join_origin: str | None, style: CodeStyle = CodeStyle.BLOCKS
) -> str:
    """How to come into `room`: scanned by way of the join page, where there is one."""
    link = room_link(origin, room, key)
    if join_origin is None:
        return f"\nScan to talk in the room {room}, or open\n\n{link}\n\n{qr_code(link, style)}"
    first = room_link(join_origin, room, key)
    return (
        f"\nScan to talk in the room {room}, or open\n\n{first}\n\n{qr_code(first, style)}\n"
        f"For a device that trusts this relay, and for `streamer talk`:\n\n{link}\n"
    )
