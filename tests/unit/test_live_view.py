import io
import json
from time import perf_counter

import pytest
from messages import member, welcome
from offline_room import OfflineRoom
from rich.console import Console

from streamer.client.ears import Ear
from streamer.client.room import Room
from streamer.client.terminal.json_lines import figure_line
from streamer.client.terminal.keyboard import Keyboard
from streamer.client.terminal.line_editor import LineEditor
from streamer.client.terminal.live_view import BAR_CELLS, Fitted, Meters, level_bar, render, typed_row
from streamer.wire.packet import Packet


def offline(**wanted: bool) -> tuple[OfflineRoom, Ear]:
    here = OfflineRoom(welcome(member(3, "Grace"), member(4, "\x1b[31mEve", muted=True)), **wanted)
    return here, here.room.ear()


def shown(room: Room, ear: Ear) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(render(room, ear))
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
    here.hear_packet(packet, perf_counter() + 60)  # so that it counts as the last moment's, however slow the machine is
    text = shown(here.room, ear)
    grace = next(line for line in text.splitlines() if "Grace" in line)
    assert grace.count("█") == BAR_CELLS // 2
    assert "Ada (you)" in text
    assert "kitchen" in text
    assert "round trip 2.3 ms" in text


def test_the_meters_show_what_the_jitter_buffer_holds_and_had_to_do() -> None:
    here, ear = offline()
    text = shown(here.room, ear)
    assert "holds 0 of 31 ms · 0 late · 0 × dry · concealed 0 ms · sped up by 0 ms · slowed down by 0 ms" in text


def test_a_line_for_programs_has_figure_and_jitter_buffer() -> None:
    here, ear = offline()
    line = json.loads(json.dumps(figure_line(here.room, ear)))
    assert [talker["name"] for talker in line["talkers"]] == ["Grace", "�[31mEve"]
    assert line["talkers"][0]["total_ms"] is None
    assert {"target_ms", "level_ms", "late", "concealed_ms", "underruns"} <= line["talkers"][0]["jitter_buffer"].keys()


def test_who_is_muted_is_shown_so_and_no_name_reaches_the_terminal_s_ear() -> None:
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
    console.print(Fitted(render(here.room, ear), editor))
    assert isinstance(console.file, io.StringIO)
    rows = console.file.getvalue().splitlines()
    assert len(rows) == 6
    assert "kitchen" in rows[0]
    assert "round trip" in rows[-2]
    assert rows[-1] == "› hello "


def test_who_is_muted_sees_so() -> None:
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
