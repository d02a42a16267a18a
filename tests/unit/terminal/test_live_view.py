import io
import json
import re
from time import perf_counter
from types import SimpleNamespace

import pytest
from messages import member, welcome
from offline_room import OfflineRoom
from rich.cells import cell_len
from rich.console import Console

from streamer.client.delay.mouth_to_ear import PARTS, PartFigure
from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.terminal.json_lines import figure_line
from streamer.client.terminal.live_view import Fitted, Meters, render, typed_row
from streamer.client.terminal.meeting import BAR_CELLS, level_bar
from streamer.client.terminal.push_to_talk import FIRST_S, REPEATED_S, PushToTalk
from streamer.errors import StreamerError
from streamer.terminal.keyboard import Keyboard
from streamer.terminal.line_editor import LineEditor
from streamer.wire.packet import Packet

UNKNOWN = {part: PartFigure("unknown", None) for part in PARTS}


def offline(**wanted: bool) -> tuple[OfflineRoom, Ear]:
    here = OfflineRoom(welcome(member(3, "Grace"), member(4, "\x1b[31mEve", muted=True)), **wanted)
    return here, here.room.ear()


def shown(room: Room, ear: Ear) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(render(room, ear, perf_counter()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(("level", "cells"), [(127, 0), (60, 0), (30, BAR_CELLS // 2), (0, BAR_CELLS)])
def test_a_bar_reaches_from_60_db_under_full_scale_to_full_scale(level: int, cells: int) -> None:
    assert level_bar(level).plain.count("█") == cells
    assert len(level_bar(level).plain) == BAR_CELLS


def test_the_meters_show_who_is_here_how_loud_and_how_far() -> None:
    here, ear = offline()
    here.room.clock.pong(0, 0, 0, 2_345)
    packet = Packet(seq=0, timestamp=0, payload=b"x", talker_id=3, level=30).serialize()
    # So that it counts as the last moment's, however slow the machine is.
    here.hear_packet(packet, perf_counter() + 60)
    text = shown(here.room, ear)
    grace = next(line for line in text.splitlines() if "Grace" in line)
    assert grace.count("█") == BAR_CELLS // 2
    assert "Ada (you)" in text
    assert "kitchen" in text
    assert "round trip 2.3 ms" in text


def test_the_meters_show_what_the_jitter_buffer_holds_and_had_to_do() -> None:
    here, ear = offline()
    text = shown(here.room, ear)
    assert (
        "holds 0 of 34 ms · 0 late · 0 underruns · concealed 0 ms · sped up by 0 ms · slowed down by 0 ms"
        in text
    )


def test_a_line_for_programs_has_figure_and_jitter_buffer() -> None:
    here, ear = offline()
    line = json.loads(json.dumps(figure_line(here.room, ear)))
    assert [talker["name"] for talker in line["talkers"]] == ["Grace", "�[31mEve"]
    assert line["talkers"][0]["total_ms"] is None
    assert {"target_ms", "level_ms", "late", "concealed_ms", "underruns"} <= line["talkers"][0][
        "jitter_buffer"
    ].keys()


def test_somebody_who_is_muted_is_shown_so_and_no_name_reaches_the_terminal_s_ear() -> None:
    here, ear = offline()
    text = shown(here.room, ear)
    eve = next(line for line in text.splitlines() if "Eve" in line)
    assert "muted" in eve
    assert "\x1b[31mEve" not in text
    assert "round trip unknown" in text


def test_into_a_file_news_are_plain_lines_and_no_meters() -> None:
    console = Console(file=io.StringIO(), width=40)
    meters = Meters(console)
    here, ear = offline()
    with meters.show(here.room, ear, Keyboard()):
        meters.tell("Grace: [bold]a long line\x07 that is not to be broken at forty")
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue() == "Grace: [bold]a long line� that is not to be broken at forty\n"


def test_in_a_terminal_news_stand_above_the_meters() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    meters = Meters(console)
    here, ear = offline()
    with meters.show(here.room, ear, Keyboard()):
        meters.tell("Joan joined")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.index("Joan joined") < text.rindex("Grace")


def test_where_there_is_not_room_for_all_the_last_row_and_what_is_typed_are_there() -> None:
    (here, ear), editor = offline(listening=True), LineEditor()
    editor.feed("hello")
    console = Console(file=io.StringIO(), width=100, height=6)
    console.print(Fitted(render(here.room, ear, perf_counter()), editor))
    assert isinstance(console.file, io.StringIO)
    rows = console.file.getvalue().splitlines()
    assert len(rows) == 5, "the parts of the delay are left out, all of them"
    assert "kitchen" in rows[0]
    assert "round trip" in rows[-2]
    assert rows[-1] == "› hello "


def test_somebody_who_is_muted_sees_so() -> None:
    here, ear = offline()
    here.room.mute()
    assert "muted" in next(line for line in shown(here.room, ear).splitlines() if "Ada (you)" in line)


def test_of_a_long_line_the_part_around_the_cursor_is_seen() -> None:
    editor = LineEditor()
    editor.feed("0123456789" * 3)
    assert typed_row(editor, 20).plain == "› 34567890123456789 "
    editor.feed("\x1b[H")
    assert typed_row(editor, 20).plain == "› 012345678901234567"
    editor.feed("世" * 30)
    assert typed_row(editor, 20).plain == "›  " + "世" * 8 + "0"


def drawn(room: Room, ear: Ear, width: int, height: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(Fitted(render(room, ear, perf_counter()), LineEditor()))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


LONG = "Bartholomew Featherstonehaugh-Cholmondeley"
NAMES = ("Ada", LONG, "Zoë", "山田太郎" * 6, *(f"Guest {n}" for n in range(2, 9)))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (44, 14), (40, 24), (30, 10)])
def test_with_eleven_others_each_has_one_line_and_no_word_or_figure_is_cut(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [member(3 + n, name, muted=n % 3 == 1, hand=n == 7) for n, name in enumerate(NAMES)]
    room = OfflineRoom(welcome(*others)).room
    figure = SimpleNamespace(total_ms=(212.4, 99_999.0, 1_234.0), complete=False, parts=UNKNOWN)
    monkeypatch.setattr(Ear, "delay", lambda ear, member: figure)
    monkeypatch.setattr("streamer.client.terminal.live_view.worst", lambda figures: None)
    rows = drawn(room, room.ear(), width, height)
    assert len(rows) <= height
    assert all(cell_len(row) <= width for row in rows)
    assert "round trip" in rows[-2]
    people = rows[1:-2]
    if height == 24:
        assert len(people) == 12
        assert sum("muted" in row for row in people) == 4
    else:
        assert re.search(r"… and \d+ more: /who", people[-1])
    assert sum("hand raised" in row for row in people) == 1
    figures = re.findall(r"(?:≥ )?\d+ ms", " ".join(people))
    assert set(figures) <= {"≥ 212 ms", "≥ 99999 ms", "≥ 1234 ms"}
    assert len(figures) >= (11 if height == 24 else 0)
    assert len(figures) == 33 or width < 80


def test_the_parts_of_a_delay_are_shown_where_there_is_room_for_all() -> None:
    here, ear = offline()
    assert not any("capture" in row for row in drawn(here.room, ear, 80, 8))
    assert sum("capture" in row for row in drawn(here.room, ear, 160, 24)) == 2


def test_who_talks_by_a_key_sees_which_one_and_it_counts_as_held_until_no_repetition_comes() -> None:
    editor = LineEditor()
    key = PushToTalk("space", editor)
    here, ear = offline()

    def own_row(now: float) -> str:
        console = Console(file=io.StringIO(), width=100)
        console.print(render(here.room, ear, now, key))
        assert isinstance(console.file, io.StringIO)
        return next(line for line in console.file.getvalue().splitlines() if "(you)" in line)

    assert "hold space to talk" in own_row(10.0)
    key.press(10.0)
    assert "hold space" not in own_row(10.0 + FIRST_S - 0.01)
    assert "hold space" in own_row(10.0 + FIRST_S + 0.01)
    for repetition in range(100):
        key.press(20.0 + 0.03 * repetition)
    assert key.is_held(23.0)
    assert not key.is_held(23.0 + REPEATED_S)


def test_the_key_to_talk_is_an_ordinary_one_of_a_line_that_is_begun() -> None:
    editor = LineEditor()
    key = PushToTalk("space", editor)
    assert key.feed("  hello world\r") == ["hello world"]
    assert key.is_held(perf_counter())


@pytest.mark.parametrize("name", ["", "shift", "ab", "f13", "\x07", "/"])
def test_a_key_that_a_terminal_does_not_tell_of_is_refused(name: str) -> None:
    with pytest.raises(StreamerError, match="--ptt takes"):
        PushToTalk(name, LineEditor())
