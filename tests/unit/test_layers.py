"""The conventions of the house, kept by a test: imports go down, each library has one door, functions stay small."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = sorted((ROOT / "streamer").rglob("*.py"))
JAVASCRIPT = sorted(path for path in (ROOT / "web").rglob("*.js") if "node_modules" not in path.parts)

MAY_IMPORT: dict[str, set[str]] = {
    "audio_format": set(),
    "errors": set(),
    "terminal_text": set(),
    "exit_status": {"errors", "printing", "terminal_text"},
    "state_directory": {"errors"},
    "printing": set(),
    "websocket": {"audio_format", "errors"},
    "jitter": {"audio_format", "errors"},
    "wire": {"audio_format", "errors"},
    "relay": {"audio_format", "errors", "state_directory", "websocket", "jitter", "wire"},
    "client": {"audio_format", "errors", "state_directory", "terminal_text", "websocket", "jitter", "wire"},
    "measure": {"audio_format", "errors", "websocket", "jitter", "wire", "client"},
    "doctor": {"audio_format", "errors", "state_directory", "websocket", "jitter", "wire", "relay", "client"},
    "cli": {
        *("audio_format", "errors", "state_directory", "terminal_text"),
        *("websocket", "jitter", "wire", "relay", "client", "measure", "doctor"),
    },
    "__main__": {"cli", "exit_status"},
    "__init__": set(),
}

DOORS = {
    "aiohttp": {
        "relay/http/middleware.py",
        "relay/http/app.py",
        "relay/network/listener.py",
        "relay/http/host.py",
        "relay/running.py",
        "relay/http/join_app.py",
        "relay/http/upgrade.py",
        "relay/network/visitor.py",
        "client/handshake.py",
    },
    "aiofastnet": {"relay/network/listener.py"},
    "prometheus_client": {"relay/http/metrics.py"},
    "segno": {"relay/banner.py"},
    "yarl": {"relay/http/origins.py"},
    "confusable_homoglyphs": {"relay/access/names.py"},
    "zeroconf": {"relay/network/mdns.py"},
    "sounddevice": {"client/audio/microphone.py", "client/audio/speaker.py"},
    "soundfile": {"client/audio/sound_files.py"},
    "opuslib": {"client/audio/codec.py"},
}

PURE = ("websocket", "jitter", "wire")
CLOCKS_AND_SOCKETS = {"time", "datetime", "asyncio", "socket", "ssl", "select", "selectors", "threading"}

FUNCTION_LINES = 40
MODULE_LINES = 400
READ_IN_ONE_GO = [
    path for path in [*PYTHON, *JAVASCRIPT, *(ROOT / "streamer").glob("*/*.pyx")] if path.parent.name != "text"
]
"""All but the tables of words."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def room(path: Path) -> str:
    """The layer that a module of streamer belongs to."""
    inside = path.relative_to(ROOT / "streamer")
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} line {node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def cython_imports(path: Path) -> Iterator[str]:
    yield from re.findall(r"^\s*(?:from|c?import)\s+([\w.]+)", path.read_text(), re.MULTILINE)


def top_levels(modules: Iterator[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


def rooms_imported(modules: Iterator[str]) -> set[str]:
    parts = [module.split(".") for module in modules]
    return {part[1] for part in parts if part[0] == "streamer" and len(part) > 1 and part[1] in MAY_IMPORT}


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_module_imports_only_from_below(path):
    above = rooms_imported(imports(path)) - MAY_IMPORT[room(path)] - {room(path)}
    assert not above, f"{name(path)} is in {room(path)!r} and must not import {above}"


@pytest.mark.parametrize("path", sorted((ROOT / "streamer").glob("*/*.p[yx][xd]")), ids=name)
def test_a_compiled_module_imports_only_from_below(path):
    assert rooms_imported(cython_imports(path)) <= MAY_IMPORT[room(path)] | {room(path)}


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library):
    users = {name(path).removeprefix("streamer/") for path in PYTHON if library in top_levels(imports(path))}
    assert users <= DOORS[library]


@pytest.mark.parametrize(
    "path", [path for path in PYTHON if room(path) in PURE and path.stem != "tcp_options"], ids=name
)
def test_the_core_opens_no_socket_and_reads_no_clock(path):
    assert not top_levels(imports(path)) & CLOCKS_AND_SOCKETS


def test_only_screens_touch_the_document():
    touching = {
        path.relative_to(ROOT / "web").as_posix()
        for path in JAVASCRIPT
        if re.search(r"\b(document|window)\.", code(path))
    }
    assert touching <= {"check/view.js", "page/main.js", "page/view.js", "ui/dom.js"}


@pytest.mark.parametrize("path", sorted((ROOT / "streamer").glob("*/*.pyx")), ids=name)
def test_a_compiled_module_has_its_contents_and_its_types_beside_it(path):
    assert path.with_suffix(".pxd").exists(), f"{name(path)} has no .pxd"
    assert path.with_suffix(".pyi").exists(), f"{name(path)} has no .pyi"


@pytest.mark.parametrize("path", READ_IN_ONE_GO, ids=name)
def test_a_module_is_read_in_one_go(path):
    assert len(path.read_text().splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_python_function_fits_a_screen(path):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = {
        f"{node.name} has {length} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions) and (length := lines_of(node)) > FUNCTION_LINES
    }
    assert not long


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end; decorators, which for a command line are its options, don't count."""
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("path", JAVASCRIPT, ids=name)
def test_a_javascript_function_fits_a_screen(path):
    """By indentation: a line that opens a named function or method, to the line that closes it at the same depth."""
    opening = re.compile(r"^(\s*)(?:export |default |async |static |get |set |#)*(?:function\b.*|[#\w]+\(.*\)) \{$")
    lines = path.read_text().splitlines()
    long = []
    for number, line in enumerate(lines):
        match = opening.match(line)
        if not match or re.match(r"\s*(if|for|while|switch|catch|with)\b", line):
            continue
        closing = next((n for n in range(number, len(lines)) if lines[n].startswith(match[1] + "}")), len(lines))
        if closing - number + 1 > FUNCTION_LINES:
            long.append(f"line {number + 1} begins a function of {closing - number + 1} lines: {line.strip()}")
    assert not long


def code(path: Path) -> str:
    """The text of a script without its comments."""
    return re.sub(r"(?s:/\*.*?\*/)|(?<!:)//.*", "", path.read_text())
