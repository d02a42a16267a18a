"""What `streamer serve` shows: the addresses, the links, and a code to scan."""

from collections.abc import Iterable, Iterator

from streamer.relay.network.addresses import LanAddress
from streamer.relay.screen.qr_code import CodeStyle, qr_code
from streamer.wire.room_link import room_fragment


def room_link(
    origin: str, room: str, key: str | None = None, *, token: str = "", listen: bool = False
) -> str:
    """The link that opens the page in `room`. The invite is in the fragment: no server, log or Referer sees
    it."""
    return f"{origin}/{room_fragment(room, key or '', token=token, listen=listen)}"


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
        f"Phones may not reach this computer: its best address is {chosen} ({reason}). Connect it to the "
        "phones' "
        "Wi-Fi, or choose an address with --host."
    )


def not_covered(host: str) -> str:
    return (
        f"No certificate covers {host}, so browsers will warn about these links or refuse them. Use a "
        "certificate "
        "of your own (--cert, --key), or an address in a private network."
    )


def invitation(
    room: str, key: str | None, origin: str, join_origin: str | None, style: CodeStyle = CodeStyle.BLOCKS
) -> str:
    """Returns how to join `room`: the link, and a code for it. Both lead over the join page if there is
    one."""
    link = room_link(origin, room, key)
    first = room_link(join_origin, room, key) if join_origin else link
    shown = f"To join the room {room}, scan the code below, or open\n\n{first}\n"
    if style is not CodeStyle.BELOW:
        shown = f"Scan this code to join the room {room}, or open\n\n{first}\n\n{qr_code(first, style)}"
    if join_origin is None:
        return f"\n{shown}"
    return f"\n{shown}\nFor devices that trust this relay already, and for `streamer talk`:\n\n{link}\n"
