import json
import unicodedata
from pathlib import Path

import pytest

from streamer.errors import ControlError, RefusedError
from streamer.relay.access.sanitize import check_room_name, clean_chat, clean_name


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ada", "Ada"),
        ("  Ada \t\n Lovelace ", "Ada Lovelace"),
        ("Gru\u0308n", "Grün"),
        ("\u202eadA\u2066\u200f", "adA"),
        ("A\x00d\x1b[31ma", "Ad[31ma"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("👩‍👩‍👧 Ada", "👩‍👩‍👧 Ada"),
    ],
)
def test_a_name_is_shown_without_what_could_deceive(typed: str, shown: str) -> None:
    assert clean_name(typed) == shown


@pytest.mark.parametrize("typed", ["", " ", "\u202e\u2066", "\x07", "n" * 41, "n" * 10_000])
def test_a_name_that_cannot_be_shown_is_refused(typed: str) -> None:
    with pytest.raises(RefusedError):
        clean_name(typed)


def test_a_chat_keeps_its_lines() -> None:
    assert clean_chat(" one\r\ntwo\u202e ") == "one\ntwo"


@pytest.mark.parametrize("text", ["", " \n ", "\u202e", "x" * 2001])
def test_a_chat_that_is_empty_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(ControlError):
        clean_chat(text)


ROOM_NAMES = json.loads((Path(__file__).parents[2] / "vectors/room_names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ["a", "A.b_c-9", "r" * 64, *ROOM_NAMES["good"]])
def test_a_room_may_be_called_in_any_script(room: str) -> None:
    assert check_room_name(room) == unicodedata.normalize("NFC", room)


@pytest.mark.parametrize(
    "room", [*ROOM_NAMES["bad"], "a" + "\u0301" * 5, "\ud800", "e" * 60 + "\u0301" * 9_000]
)
def test_what_cannot_be_told_apart_or_seen_names_no_room(room: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_room_name(room)
    assert (caught.value.status, caught.value.code) == (400, "bad-room")
