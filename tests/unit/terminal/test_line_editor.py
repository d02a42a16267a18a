"""Keys as terminals send them, and the line that they make."""

import pytest

from streamer.terminal.line_editor import LineEditor

LEFT, RIGHT, UP, DOWN, HOME, END, DELETE = (
    "\x1b[D",
    "\x1b[C",
    "\x1b[A",
    "\x1b[B",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
)
BACKSPACE, CTRL_A, CTRL_E, CTRL_U, CTRL_W = "\x7f", "\x01", "\x05", "\x15", "\x17"


def typed(*keys: str) -> LineEditor:
    editor = LineEditor()
    for key in keys:
        assert editor.feed(key) == []
    return editor


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        (["he", "llo"], "hello", 5),
        (["ello", HOME, "h"], "hello", 1),
        (["ello", CTRL_A, "h", CTRL_E, "!"], "hello!", 6),
        (["helo", LEFT, "l"], "hello", 4),
        (["helloo", LEFT, BACKSPACE, RIGHT, RIGHT, RIGHT], "hello", 5),
        (["hhello", HOME, DELETE, BACKSPACE, LEFT], "hello", 0),
        (["what is it  ", CTRL_W, END], "what is ", 8),
        (["what is it", LEFT, CTRL_U], "t", 0),
        (["Grüße, 世界", BACKSPACE], "Grüße, 世", 8),
        (["a\x1b\x00\tb\x1b[5~\x1b[1;5P"], "ab", 2),
        (["\x1bOHb", "\x1bOHa"], "ab", 1),
    ],
)
def test_keys_make_a_line(keys: list[str], text: str, cursor: int) -> None:
    editor = typed(*keys)
    assert (editor.text, editor.cursor) == (text, cursor)


def test_enter_gives_the_line_and_what_comes_in_one_go_makes_several() -> None:
    editor = typed("one")
    assert editor.feed(f"{LEFT}\rtwo\n\nth") == ["one", "two", ""]
    assert (editor.text, editor.cursor) == ("th", 2)


def test_what_was_typed_before_comes_again_and_what_was_begun_is_not_lost() -> None:
    editor = LineEditor()
    editor.feed("one\ntwo\ntwo\n\nthr")
    seen = []
    for key in (UP, UP, UP, DOWN, DOWN, DOWN):
        editor.feed(key)
        seen.append(editor.text)
    assert seen == ["two", "one", "one", "two", "thr", "thr"]
    assert editor.feed(UP + "!\r") == ["two!"]
    assert editor.feed(UP + "\r") == ["two!"]
