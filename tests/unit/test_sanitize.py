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


@pytest.mark.parametrize("room", ["a", "A.b_c-9", "r" * 64])
def test_a_plain_room_name_passes(room: str) -> None:
    assert check_room_name(room) == room


@pytest.mark.parametrize("room", ["", "r" * 65, "a b", "a/b", "kü", "a\n", "٣"])
def test_any_other_room_name_is_refused(room: str) -> None:
    with pytest.raises(RefusedError):
        check_room_name(room)
