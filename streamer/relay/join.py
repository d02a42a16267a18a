"""What the host sees when the relay is up: the links, and a code to scan."""

import io
from urllib.parse import urlencode

import segno


def room_link(origin: str, room: str, key: str | None) -> str:
    """The link that opens the page in `room`. The invite is in the fragment: no server, log or Referer sees it."""
    fragment = {"room": room} | ({"key": key} if key else {})
    return f"{origin}/#{urlencode(fragment)}"


def qr_code(link: str) -> str:
    """`link` to be scanned from a terminal."""
    drawing = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(drawing, border=2, compact=True)
    return drawing.getvalue()
