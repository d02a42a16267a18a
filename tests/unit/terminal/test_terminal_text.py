"""What others write, as a terminal shows it: a line of theirs is one line, and can't pass for one of ours."""

import io
import unicodedata

import messages
import pytest
from offline_room import OfflineRoom
from rich.console import Console

from streamer.client.terminal.live_view import Meters
from streamer.client.terminal.words import Words
from streamer.terminal_text import one_line

FORGED = "Grace left"


@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
)
def test_every_line_end_is_shown_and_ends_no_line(end: str) -> None:
    assert one_line(f"one{end}two") == "one ↵ two"


@pytest.mark.parametrize(
    "character",
    [
        "\x1b",
        "\x07",
        "\b",
        "\x00",
        "\x7f",
        "\x9b",
        "\x90",
        "\u202e",
        "\u2066",
        "\u200f",
        "\ufeff",
        "\U000e0041",
    ],
)
def test_nothing_that_a_terminal_obeys_or_hides_is_left(character: str) -> None:
    shown = one_line(f"a{character}[2Jb")
    assert shown.replace("�", "") == "a[2Jb"


def test_every_character_there_is_gives_what_can_be_printed_on_one_line() -> None:
    for code in range(0x110000):
        shown = one_line(chr(code))
        assert len(shown.splitlines()) <= 1
        assert shown.isprintable()


def test_marks_are_piled_up_to_four() -> None:
    shown = one_line("e" + "\u0301" * 40 + "a")
    assert sum(unicodedata.combining(character) > 0 for character in shown) == 4
    assert shown.endswith("a")


def test_words_of_all_scripts_stay_as_they_are() -> None:
    for words in ("Grüße", "سلام دنیا", "สวัสดี", "你好", "👋🏽", "naïve", "tiếng Việt"):
        assert one_line(words) == words


def room_on(width: int, *, is_terminal: bool) -> tuple[OfflineRoom, io.StringIO]:
    screen = io.StringIO()
    console = Console(
        file=screen, force_terminal=is_terminal, width=width, color_system=None, highlight=False
    )
    meters = Meters(console)
    offline = OfflineRoom()
    offline.words = Words(meters.tell, meters.tell_said)
    return offline, screen


def welcome(*history: dict[str, object]) -> dict[str, object]:
    grace = messages.member(2, "Grace\r\nEve")
    where = {"talker_id": 1, "room": "home\x1b[2J", "name": "Ada\u202e"}
    return messages.welcome(grace, history=list(history), **where)


TEXTS = {
    "line feed": f"hi\n{FORGED}",
    "carriage return": f"hi\r{FORGED}",
    "line separator": f"hi\u2028{FORGED}",
    "cursor": f"hi\x1b[1A\x1b[2K{FORGED}",
    "one character to do the same": f"hi\x9b1A{FORGED}",
    "spaces up to the edge": "hi".ljust(38) + FORGED,
    "spaces, one fewer": "hi".ljust(37) + FORGED,
    "spaces behind the name": " " * 31 + FORGED,
    "wide characters up to the edge": "汉" * 16 + FORGED,
    "many rows": ("x" * 39 + " ") * 20 + FORGED,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("width", [40, 38, 20, 9])
def test_no_row_of_a_message_begins_where_ours_do(text: str, width: int) -> None:
    room, screen = room_on(width, is_terminal=True)
    room.hear(welcome({"name": "Grace", "text": text}))
    before = len(screen.getvalue())
    room.hear({"type": "chat", "talker_id": 2, "text": text})
    first, *others = screen.getvalue()[before:].splitlines()
    assert first.startswith("> ")
    assert all(row.startswith("  ") for row in others)
    assert not any(row.strip().startswith(FORGED) and not row.startswith("  ") for row in (first, *others))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_in_a_file_a_message_is_one_line(text: str) -> None:
    room, screen = room_on(40, is_terminal=False)
    room.hear(welcome())
    before = len(screen.getvalue())
    room.hear({"type": "chat", "talker_id": 2, "text": text})
    assert len(screen.getvalue()[before:].splitlines()) == 1


def test_names_notices_and_refusals_of_a_relay_are_one_line_too() -> None:
    room, screen = room_on(200, is_terminal=True)
    said = (
        welcome(),
        {"type": "joined", **messages.member(3, "Eve\nGrace left")},
        {"type": "hint", "code": "x", "message": "a\u2028b\x1b[2J"},
        {"type": "error", "code": "x", "message": "a\rb"},
        {"type": "invite", "invites": [{"role": "talk", "key": "k\n", "ends_s": 0}]},
        {"type": "knocks", "knocks": [{"id": 1, "name": "Eve\r\x1b[2J"}]},
        {"type": "left", "talker_id": 3},
    )
    for told, message in enumerate(said, start=1):
        room.hear(message)
        assert len(screen.getvalue().splitlines()) == told, screen.getvalue()
    assert "\x1b" not in screen.getvalue()
