"""What `streamer serve` shows: the addresses, the links, and a code to scan."""

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
    """How a code to scan is drawn, which depends on what the output can show."""

    BLOCKS = "blocks"
    """Half blocks, two rows in a line."""
    COLOURS = "colours"
    """Spaces in two colours, for a terminal without these characters."""
    NONE = "none"


def code_style(encoding: str | None, *, is_terminal: bool) -> CodeStyle:
    """Returns the best style for an output with this encoding (Python's name of it; None if unknown)."""
    try:
        "\u2580\u2584\u2588".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return CodeStyle.COLOURS if is_terminal else CodeStyle.NONE
    return CodeStyle.BLOCKS


def qr_code(link: str, style: CodeStyle = CodeStyle.BLOCKS) -> str:
    """Returns `link` as a code that can be scanned from a terminal."""
    if style is CodeStyle.NONE:
        return "(This output can't show a code. Open the link instead, or set the encoding to UTF-8.)\n"
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawing, border=2, compact=style is CodeStyle.BLOCKS)
    return drawing.getvalue()


def describe_addresses(addresses: Iterable[LanAddress], chosen: str) -> str:
    """Returns one line per address, with the reason to use it or not."""
    lines = []
    for each in addresses:
        mark = "→" if each.address == chosen else " " if each.is_usable else "✗"
        lines.append(f"  {mark} {each.address:15} {each.adapter}: {each.reason}")
    return "\n".join(lines)


def best_there_is(addresses: Iterable[LanAddress], chosen: str) -> Iterator[str]:
    """Yields a warning if phones can use none of the addresses."""
    found = list(addresses)
    if any(each.is_usable and each.address == chosen for each in found):
        return
    reason = next((each.reason for each in found if each.address == chosen), "this computer only")
    yield (
        f"Phones may not reach this computer: its best address is {chosen} ({reason}). Connect it to the phones' "
        "Wi-Fi, or choose an address with --host."
    )


def not_covered(host: str) -> str:
    return (
        f"No certificate covers {host}, so browsers will warn about these links or refuse them. Use a certificate "
        "of your own (--cert, --key), or an address in a private network."
    )


def invitation(
    room: str, key: str | None, origin: str, join_origin: str | None, style: CodeStyle = CodeStyle.BLOCKS
) -> str:
    """Returns how to join `room`: the link, and a code for it. Both lead over the join page if there is one."""
    link = room_link(origin, room, key)
    if join_origin is None:
        return f"\nScan this code to join the room {room}, or open\n\n{link}\n\n{qr_code(link, style)}"
    first = room_link(join_origin, room, key)
    return (
        f"\nScan this code to join the room {room}, or open\n\n{first}\n\n{qr_code(first, style)}\n"
        f"For devices that trust this relay already, and for `streamer talk`:\n\n{link}\n"
    )
