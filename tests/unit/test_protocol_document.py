"""The document is normative: its tables, names and samples are the code's."""

import json
import re
from pathlib import Path

import pytest

from streamer.relay.http.device_checks import KEPT, MAX_CHECK_BYTES, MAX_ROWS, MAX_TEXT_CHARACTERS, Check
from streamer.wire import control
from streamer.wire.packet import Packet

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "streamer/wire/PROTOCOL.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below `heading`, its head left out."""
    section = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def fields(cell: str, direction: str) -> dict[str, str]:
    found = re.findall(r"`(\w+)` (\w+)(?: \((\w+)\))?", cell)
    return {name: kind for name, kind, only in found if only in ("", direction)}


@pytest.mark.parametrize(("direction", "known"), [("client", control.FROM_CLIENT), ("relay", control.FROM_RELAY)])
def test_the_table_of_messages_is_the_code_s(direction: str, known: dict[str, control.Fields]) -> None:
    rows = [row for row in table("Control (text messages)") if row[1] in (direction, "both")]
    documented = {row[0].strip("`"): fields(row[2], direction) for row in rows}
    coded = {kind: {name: wanted.__name__ for name, wanted in wants.items()} for kind, wants in known.items()}
    assert documented == coded


def test_every_sample_message_parses() -> None:
    samples = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[0].splitlines()
    assert {json.loads(sample)["type"] for sample in samples} == {*control.FROM_CLIENT, *control.FROM_RELAY}
    for sample in samples:
        kind = json.loads(sample)["type"]
        known = control.FROM_RELAY if kind in control.FROM_RELAY else control.FROM_CLIENT
        assert control.parse(sample, known) == json.loads(sample)


def test_the_sample_packet_is_what_its_caption_says() -> None:
    sample = re.findall(r"```packet\n(.*?)```", DOCUMENT, re.DOTALL)[0]
    packet = Packet.parse(bytes.fromhex(sample))
    assert (packet.level, packet.voice, packet.talker_id, packet.seq) == (30, True, 258, 65535)
    assert (packet.duration * 2.5, packet.timestamp, packet.payload.hex(" ")) == (10.0, 4294967295, "fc ff fe")


def test_the_layout_of_a_packet_has_no_gap() -> None:
    sizes = {"u8": 1, "u16": 2, "u32": 4}
    end = 0
    for offset, kind, *_ in table("Packets (binary messages)"):
        assert int(offset) == end
        end += sizes[kind]
    assert end == 12


def test_every_documented_error_name_is_raised_somewhere() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "streamer").rglob("*.py"))
    names = [row[0].strip("`") for row in table("Errors")] + [row[1].strip("`") for row in table("Refusals")]
    assert [name for name in names if f'"{name}"' not in source] == []


def test_the_sample_check_parses_and_its_limits_are_the_code_s() -> None:
    section = DOCUMENT.split("## Checks\n", 1)[1].split("\n## ", 1)[0]
    sample = re.findall(r"```check\n(.*?)```", section, re.DOTALL)[0]
    check = Check.parse(sample.encode(), "192.168.1.7", 1.0)
    assert [(row.name, row.state) for row in check.rows] == [("codec", "passes")]
    limits = f"{MAX_CHECK_BYTES:,} bytes", f"1 to {MAX_ROWS}", f"{MAX_TEXT_CHARACTERS} characters", f"newest {KEPT}"
    assert [limit for limit in limits if limit not in section] == []
