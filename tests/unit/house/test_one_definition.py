"""What both ends have to agree on is defined once in Python; the core and the page have copies, which are the
same."""

import ast
import re
from pathlib import Path

from streamer.errors import BAD_MESSAGE
from streamer.relay.access.tokens import BEYOND_TALKING, SCOPES
from streamer.wire import close_codes
from streamer.wire.names import SUBPROTOCOL

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "streamer"
DEFINED_IN = {PACKAGE / "wire/close_codes.py", PACKAGE / "errors.py"}


def constants(path: Path) -> list[object]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def test_a_close_code_of_our_own_is_a_number_in_one_place_only() -> None:
    ours = range(4_400, 4_500)
    places = {path for path in PACKAGE.rglob("*.py") if any(value in ours for value in constants(path))}
    assert places == DEFINED_IN


def test_the_subprotocol_is_written_in_one_place_only() -> None:
    places = {path for path in PACKAGE.rglob("*.py") if SUBPROTOCOL in constants(path)}
    assert places == {PACKAGE / "wire/names.py"}


def test_the_core_s_close_codes_are_the_protocol_s() -> None:
    declared = (PACKAGE / "websocket/connection.pxd").read_text(encoding="utf-8")
    core = {name: int(code) for name, code in re.findall(r"^    (\w+) = (4\d{3})\b", declared, re.MULTILINE)}
    assert core == {"IDLE": close_codes.IDLE, "TOO_FAST": close_codes.TOO_FAST}


def test_the_page_s_names_and_codes_are_the_protocol_s() -> None:
    link = (ROOT / "web/worker/connection/link.js").read_text(encoding="utf-8")
    assert f'SUBPROTOCOL = "{SUBPROTOCOL}"' in link
    found = re.search(r"FINAL_CLOSES = \[([\d, ]+)\]", link)
    assert found
    assert {int(code) for code in found[1].split(",")} == close_codes.FINAL


def test_a_bad_message_closes_with_one_code() -> None:
    assert close_codes.BAD_MESSAGE is BAD_MESSAGE


def asked_for(path: Path) -> set[object]:
    """The rights that a module asks for by `check_may`."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    asks = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check_may"]
    return {call.args[1].value if isinstance(call.args[1], ast.Constant) else None for call in asks}


def test_a_right_that_a_room_asks_for_is_one_that_members_are_told_of() -> None:
    asked = set[object]().union(*map(asked_for, (PACKAGE / "relay/rooms").glob("*.py")))
    assert asked == set(BEYOND_TALKING)


def test_the_documents_name_every_scope_of_a_token() -> None:
    operations = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = operations.split("| scope | allows |\n|---|---|\n")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(SCOPES)
    protocol = (ROOT / "streamer/wire/PROTOCOL.md").read_text(encoding="utf-8")
    rights = protocol.split("`rights` are what you may do beyond talking")[1].split("(see")[0]
    assert set(re.findall(r"`(\w+)`", rights)) == set(BEYOND_TALKING)
