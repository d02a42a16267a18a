"""The document is normative: its tables, names and samples are the code's."""

import ast
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import pytest

from streamer.errors import BAD_MESSAGE
from streamer.relay.http.device_checks import KEPT, MAX_CHECK_BYTES, MAX_ROWS, MAX_TEXT_CHARACTERS, Check
from streamer.websocket.violations import FAILURES
from streamer.wire import control
from streamer.wire.packet import Packet

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "streamer/wire/PROTOCOL.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below `heading`, its head left out."""
    section = DOCUMENT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def fields(cell: str, direction: str) -> dict[str, str]:
    found = re.findall(r"`(\w+)` (\w+)(?: \((\w+)\))?", cell)
    return {name: kind for name, kind, only in found if only in ("", direction)}


@pytest.mark.parametrize(
    ("direction", "known"), [("client", control.FROM_CLIENT), ("relay", control.FROM_RELAY)]
)
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
    assert (packet.duration * 2.5, packet.timestamp, packet.payload.hex(" ")) == (
        10.0,
        4294967295,
        "fc ff fe",
    )


def test_the_layout_of_a_packet_has_no_gap() -> None:
    sizes = {"u8": 1, "u16": 2, "u32": 4}
    end = 0
    for offset, kind, *_ in table("Packets (binary messages)"):
        assert int(offset) == end
        end += sizes[kind]
    assert end == 12


# ---- Codes: what the program can send is in the document, and what the document has, the program can send

SENDERS = sorted(
    path
    for place in ("relay", "wire", "websocket", "errors.py")
    for path in (
        [ROOT / "streamer" / place] if place.endswith(".py") else (ROOT / "streamer" / place).rglob("*.py")
    )
)
NEVER_SENT = {1003}
"""RFC 6455's code for a kind of message that is not taken; a relay takes both kinds."""


class Sent(NamedTuple):
    """A code in the source: of which exception or message, and what it comes with."""

    kind: str
    code: str
    status: int | None
    closes: bool


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
    """Each call, with the innermost function that it stands in."""

    def visit(
        node: ast.AST, inside: ast.FunctionDef | None
    ) -> Iterator[tuple[ast.Call, ast.FunctionDef | None]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield child, inside
            yield from visit(child, child if isinstance(child, ast.FunctionDef) else inside)

    yield from visit(tree, None)


def called(call: ast.Call) -> str:
    """The last name of what is called: `RefusedError`, `close`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == name), None)


def literals(tree: ast.AST, value: ast.expr | None, inside: ast.FunctionDef | None) -> list[Any]:
    """What `value` can be: itself, or, if it is a parameter, what the calls of this function in the module
    pass."""
    if isinstance(value, ast.Constant):
        return [value.value]
    if not isinstance(value, ast.Name) or inside is None:
        return []
    parameters = [each.arg for each in inside.args.args]
    if value.id not in parameters:
        return []
    place = parameters.index(value.id)
    passed = [
        keyword(call, value.id) or (call.args[place] if len(call.args) > place else None)
        for call, _ in calls(tree)
        if called(call) == inside.name
    ]
    return [each.value for each in passed if isinstance(each, ast.Constant)]


def codes_sent() -> Iterator[Sent]:
    """By exceptions with a `code`, which become refusals or errors, and by messages with one."""
    for path in SENDERS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call, inside in calls(tree):
            code = keyword(call, "code")
            if code is None:
                continue
            statuses = literals(tree, keyword(call, "status"), inside) or [None]
            found = literals(tree, code, inside)
            passes_on = isinstance(code, ast.Name | ast.Attribute) and called(call) == "__init__"
            passes_on = passes_on or (isinstance(code, ast.Attribute) and code.attr == "code")
            assert found or passes_on, f"{path.name} line {call.lineno}: which codes can this be?"
            closes = not isinstance(keyword(call, "close_code"), ast.Constant)
            kind = message_type(call) or called(call)
            yield from (Sent(kind, each, statuses[0], closes) for each in found)
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                values = {
                    key.value: value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if is_text(key)
                }
                kind, code = values.get("type"), values.get("code")
                if isinstance(kind, ast.Constant) and isinstance(code, ast.Constant):
                    yield Sent(kind.value, code.value, None, False)


def is_text(key: ast.expr | None) -> TypeGuard[ast.Constant]:
    return isinstance(key, ast.Constant) and isinstance(key.value, str)


def message_type(call: ast.Call) -> str:
    """Of a message that is made by a call: `Hint(type="hint", code="shed")`."""
    kind = keyword(call, "type")
    return str(kind.value) if isinstance(kind, ast.Constant) else ""


def test_the_codes_are_found_in_the_source() -> None:
    """Else the tests below could not fail."""
    found = {(sent.kind, sent.code) for sent in codes_sent()}
    assert {("RefusedError", "key-expired"), ("ControlError", "too-fast"), ("hint", "shed")} <= found
    assert "bad-packet" in {sent.code for sent in codes_sent()}


def test_every_refusal_that_can_be_sent_is_in_the_document_and_the_other_way_round() -> None:
    sent = {(str(each.status), each.code) for each in codes_sent() if each.kind == "RefusedError"}
    documented = {(status, code.strip("`")) for status, code, _ in table("Refusals")}
    section = DOCUMENT.split("## Refusals\n", 1)[1].split("\n## ", 1)[0]
    in_prose = {(status, code) for code, status in re.findall(r"`([\w-]+)` \((\d{3})", section)}
    in_prose |= {(str(None), code) for _, code in in_prose}  # its status is the web server's
    assert sent - documented - in_prose == set()
    assert documented - sent == set()


def test_every_error_that_can_be_sent_is_in_the_document_and_the_other_way_round() -> None:
    kinds = ("ControlError", "PacketError", "ProtocolError", "__init__", "error")
    sent = {(each.code, each.closes) for each in codes_sent() if each.kind in kinds}
    documented = {(code.strip("`"), then == "close 4400") for code, then, _ in table("Errors")}
    assert sent == documented


def test_every_hint_that_can_be_sent_is_in_the_document() -> None:
    row = next(row for row in table("Control (text messages)") if row[0] == "`hint`")
    codes = {each.code for each in codes_sent() if each.kind == "hint"}
    assert codes
    assert {code for code in codes if f"`{code}`" not in row[-1]} == set()


def close_codes_sent() -> set[int]:
    """By `close(CODE)` and `send_away(CODE)`, in Python and Cython, by errors, and by frames against RFC
    6455."""
    found = {failure.close_code for failure in FAILURES if failure.close_code != 1000} | {BAD_MESSAGE}
    for path in SENDERS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for call, _ in calls(tree):
            if called(call) in ("close", "send_away") and call.args and isinstance(call.args[0], ast.Name):
                value = getattr(module, call.args[0].id, None)
                found |= {value} if isinstance(value, int) else set()
            if (
                called(call) in ("close", "send_away")
                and call.args
                and isinstance(call.args[0], ast.Constant)
            ):
                found.add(call.args[0].value)
    core = ROOT / "streamer/websocket"
    names = dict(re.findall(r"^    (\w+) = (\d{4})\b", (core / "connection.pxd").read_text(), re.MULTILINE))
    return found | {
        int(names[name]) for name in re.findall(r"self\.close\((\w+),", core_text(core)) if name in names
    }


def core_text(core: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in core.glob("*.pyx"))


def test_every_close_code_that_can_be_sent_is_in_the_document_and_the_other_way_round() -> None:
    documented = {int(code) for codes, _ in table("Close codes") for code in codes.split(",")}
    assert close_codes_sent() | NEVER_SENT == documented


def test_the_sample_check_parses_and_its_limits_are_the_code_s() -> None:
    section = DOCUMENT.split("## Checks\n", 1)[1].split("\n## ", 1)[0]
    sample = re.findall(r"```check\n(.*?)```", section, re.DOTALL)[0]
    check = Check.parse(sample.encode(), "192.168.1.7", 1.0)
    assert [(row.name, row.state) for row in check.rows] == [("codec", "passes")]
    limits = (
        f"{MAX_CHECK_BYTES:,} bytes",
        f"1 to {MAX_ROWS}",
        f"{MAX_TEXT_CHARACTERS} characters",
        f"newest {KEPT}",
    )
    assert [limit for limit in limits if limit not in section] == []
