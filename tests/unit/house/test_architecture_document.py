"""docs/architecture.md is true: the files in its maps exist and import each other in that order."""

import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from test_layers import PACKAGE, ROOT, WEB, our_imports, scripts_imported

from streamer.relay.access.limits import RelayLimits

DOCUMENT = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
FILE = re.compile(r"`([\w/]+\.(?:pyx|py|js|md))`")
STARTS = {"client/talk_and_listen.py", "relay/http/app.py", "client/connection.py", "page/main.js"}
"""Where a chain may begin: the roots of the programs, and the client's connection, which the row `send` leads
to."""
WITHOUT_CODE = {"__pycache__", "node_modules"}


def section(heading: str) -> str:
    """The text below a heading of any level, to the next heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {heading}"
    return found[1]


def rows(heading: str) -> list[list[str]]:
    """The cells of all tables in a section, their heads left out."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    rules = [number for number, row in enumerate(cells) if set("".join(row)) == {"-"}]
    heads = {number for rule in rules for number in (rule - 1, rule)}
    return [row for number, row in enumerate(cells) if number not in heads]


def chains(heading: str) -> list[list[str]]:
    """Each `A → B → C` in the last column."""
    found = []
    for *_, cell in rows(heading):
        for chain in re.findall(r"`[\w/.]+`(?: → `[\w/.]+`)+", cell):
            found.append(FILE.findall(chain))
    return found


MAPS = [("Desktop client and relay (`streamer/`)", PACKAGE), ("Browser (`web/`)", WEB)]
LINKS = [
    (root, upper, lower)
    for heading, root in MAPS
    for chain in chains(heading)
    for upper, lower in pairwise(chain)
]


def uses(root: Path, upper: str) -> set[str]:
    """The files that `upper` imports, or loads as a worker or a worklet."""
    if root == WEB:
        path = WEB / upper
        worklets = {
            f"worklets/{name}.js" for name in re.findall(r'"(\w+)"', path.read_text(encoding="utf-8"))
        }
        loads = worklets if "addModule(" in path.read_text(encoding="utf-8") else set()
        return scripts_imported(path) | loads
    found = set()
    for path in (PACKAGE / upper, (PACKAGE / upper).with_suffix(".pxd")):
        if path.exists():
            found |= {module.replace(".", "/") for module in our_imports(path)}
    return {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py*") if _module(path) in found}


def _module(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


@pytest.mark.parametrize(
    ("root", "upper", "lower"), LINKS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_arrow_of_the_map_is_an_import(root: Path, upper: str, lower: str) -> None:
    assert (root / upper).is_file(), f"the map names {upper}, which does not exist"
    assert (root / lower).is_file(), f"the map names {lower}, which does not exist"
    assert lower in uses(root, upper), f"the map says that {upper} imports {lower}"


@pytest.mark.parametrize(("heading", "root"), MAPS, ids=["streamer", "web"])
def test_the_path_of_a_sound_has_no_gap(heading: str, root: Path) -> None:
    reached: set[str] = set()
    for hop, *_, cell in rows(heading):
        assert FILE.search(cell), f"the hop {hop!r} names no file"
    for chain in chains(heading):
        assert chain[0] in reached | STARTS, f"nothing in the rows above leads to {chain[0]}"
        reached.update(chain)
    assert len(reached) > len(rows(heading))


def test_every_file_that_the_document_names_exists() -> None:
    named = set(FILE.findall(DOCUMENT)) | set(re.findall(r"\]\(\.\./([\w/]+\.\w+)", DOCUMENT))
    places = (ROOT, PACKAGE, PACKAGE / "relay", WEB)
    missing = {name for name in named if not any((place / name).is_file() for place in places)}
    assert not missing


def test_every_folder_has_its_line() -> None:
    listed = [row[0].strip("`") for row in rows("Folders")]
    folders = {f"{path.relative_to(ROOT).as_posix()}/" for path in [PACKAGE, WEB] for path in _folders(path)}
    assert sorted(listed) == sorted(set(listed)), "a folder is listed twice"
    assert set(listed) == folders
    for name, purpose, *_ in rows("Folders"):
        assert purpose, f"{name} has no purpose"


def _folders(path: Path) -> list[Path]:
    inside = [each for each in path.iterdir() if each.is_dir() and each.name not in WITHOUT_CODE]
    return [path, *(folder for each in inside for folder in _folders(each))]


def test_every_name_in_the_tables_of_late_packets_is_in_the_file_beside_it() -> None:
    """So that a stranger who looks there finds it."""
    checked = 0
    for row in rows("Late packets"):
        text = "|".join(row)
        paths = [
            place / name
            for name in FILE.findall(text)
            for place in (ROOT, PACKAGE)
            if (place / name).is_file()
        ]
        source = "\n".join(path.read_text(encoding="utf-8") for path in paths)
        for name in re.findall(r"`(?:\w+\.)?(\w+)`", text):
            checked += 1
            assert re.search(rf"\b{name}\b", source), f"{name} is not in {paths}"
    assert checked > 10


def test_every_limit_of_the_relay_is_in_the_table_with_its_value() -> None:
    text = section("Limits") + section("Late packets")
    for limit in fields(RelayLimits):
        option = "--" + limit.name.replace("_", "-")
        if limit.name in ("deadline_ms", "ping_s", "idle_s"):  # not a bound on a flood
            continue
        assert re.search(rf"\b{int(limit.default):,}\b[^|]*?`{option}`", text), f"{option}, {limit.default:,}"
