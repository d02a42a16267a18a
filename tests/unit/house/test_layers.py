"""The conventions of the house, kept by a test: imports go down, each library has one door, functions stay
small."""

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "streamer"
WEB = ROOT / "web"
PYTHON = sorted(PACKAGE.rglob("*.py"))
COMPILED = sorted(PACKAGE.rglob("*.pyx"))
DECLARED = sorted(PACKAGE.rglob("*.p[yx][idx]"))
"""All that a compiled module imports, or says that it does."""
JAVASCRIPT = sorted(path for path in WEB.rglob("*.js") if "node_modules" not in path.parts)

BASE = {"audio_format", "errors"}
LEAVES = BASE | {
    "cancellation",
    "child_process",
    "command",
    "doubling",
    "name_lookup",
    "printing",
    "sounds",
    "state_directory",
    "terminal_text",
}
RELAY = LEAVES | {"wire", "websocket", "relay.background", "relay.state_files"}
MAY_IMPORT: dict[str, set[str]] = {
    "": {"errors", "terminal_text", "client", "client.audio"},
    "audio_format": set(),
    "cancellation": set(),
    "child_process": set(),
    "command": set(),
    "doubling": set(),
    "errors": set(),
    "name_lookup": set(),
    "printing": {"terminal_text"},
    "sounds": BASE,
    "terminal_text": set(),
    "terminal": LEAVES,
    "state_directory": BASE,
    "websocket": BASE,
    "jitter": BASE,
    "wire": BASE,
    "relay.background": LEAVES,
    "relay.state_files": LEAVES,
    "relay.logs": LEAVES | {"relay.access"},
    "relay.access": RELAY,
    "relay.tls": RELAY,
    "relay.network": RELAY | {"relay.logs", "relay.access", "relay.tls"},
    "relay.rooms": RELAY | {"ogg", "relay.access"},
    "relay.hooks": RELAY | {"relay.access", "relay.rooms"},
    "relay.api": RELAY | {"relay.access", "relay.network", "relay.rooms"},
    "relay.http": RELAY
    | {"", "relay.logs", "relay.access", "relay.tls", "relay.network", "relay.rooms", "relay.api"}
    | {"relay.hooks"},
    "relay.cluster": RELAY | {"", "relay.access", "relay.rooms"},
    "relay.screen": RELAY | {"terminal", "relay.rooms"},
    "relay": RELAY
    | {"relay.logs", "relay.access", "relay.tls", "relay.network", "relay.rooms", "relay.http", "relay.hooks"}
    | {"relay.screen", "relay.cluster"},
    "relay.workers": RELAY
    | {"relay", "relay.logs", "relay.access", "relay.network", "relay.rooms", "relay.http", "relay.screen"}
    | {"relay.cluster"},
    "client.audio": LEAVES | {"jitter", "wire"},
    "client.replay": LEAVES | {"wire", "client.audio"},
    "client.delay": LEAVES | {"wire", "client.audio", "client"},
    "client.terminal": LEAVES | {"terminal", "jitter", "wire", "client.audio", "client.delay", "client"},
    "client": LEAVES
    | {
        "terminal",
        "websocket",
        "jitter",
        "wire",
        "client.audio",
        "client.delay",
        "client.replay",
        "client.terminal",
    },
    "ogg": BASE,
    "measure": LEAVES | {"trust_option", "wire", "client", "client.audio", "client.delay"},
    "captions": LEAVES | {"trust_option", "wire", "client", "client.audio", "client.delay"},
    "device": LEAVES | {"wire", "client", "client.audio"},
    "gateway": LEAVES | {"", "wire", "client"},
    "record": LEAVES | {"", "ogg", "wire", "client", "client.audio"},
    "doctor": LEAVES
    | {"websocket", "relay.access", "relay.http", "relay.network", "relay.tls", "client.audio"},
    "cli": LEAVES
    | {"trust_option"}
    | {"", "wire", "relay", "relay.logs", "relay.access", "relay.hooks", "relay.screen", "relay.cluster"}
    | {"relay.workers", "event_loop"}
    | {"client", "client.audio", "captions", "device", "gateway", "measure", "record", "doctor"},
    "event_loop": BASE,
    "exit_status": LEAVES,
    "trust_option": {"client"},
    "__main__": {"cli", "exit_status", "printing"},
}
"""What the modules of each folder may import. Some modules have a rule of their own: those of the root, and
those that the folders below their own may import, too. `streamer` itself has no name here: its names for
programs are imported when they are asked for."""

DOORS = {
    "aiohttp": {
        "relay/api/announcements.py",
        "relay/api/bodies.py",
        "relay/api/callers.py",
        "relay/api/checks.py",
        "relay/api/commands.py",
        "relay/api/description.py",
        "relay/api/events.py",
        "relay/api/invites.py",
        "relay/api/notices.py",
        "relay/api/rooms.py",
        "relay/api/routes.py",
        "relay/http/below.py",
        "relay/http/middleware.py",
        "relay/http/app.py",
        "relay/http/fallback.py",
        "relay/http/health.py",
        "relay/network/listener.py",
        "relay/http/host.py",
        "relay/http/room_requests.py",
        "relay/running.py",
        "relay/http/join_app.py",
        "relay/http/upgrade.py",
        "relay/network/visitor.py",
        "client/handshake.py",
        "relay/hooks/delivery.py",
        "name_lookup.py",
    },
    "aiofastnet": {"relay/network/listener.py"},
    "prometheus_client": {"relay/http/metrics.py"},
    "segno": {"relay/screen/qr_code.py"},
    "yarl": {"relay/http/origins.py"},
    "confusable_homoglyphs": {"relay/access/names.py"},
    "zeroconf": {"relay/network/mdns.py"},
    "nats": {"relay/cluster/bus.py"},
    "aiomqtt": {"gateway/broker.py"},
    "paho": {"gateway/broker.py"},
    "sounddevice": {"client/audio/microphone.py", "client/audio/speaker.py"},
    "soundfile": {"client/audio/sound_files.py"},
    "opuslib": {"client/audio/codec.py"},
    "sherpa_onnx": {"captions/sherpa.py"},
    "webrtc_noise_gain": {"client/audio/noise_suppression.py"},
}

PURE = {"websocket", "jitter", "wire"}
CLOCKS_AND_SOCKETS = {"time", "datetime", "asyncio", "socket", "ssl", "select", "selectors", "threading"}
SETS_OPTIONS = PACKAGE / "websocket/tcp_options.py"
"""Is handed a socket, and opens none."""

PAGES = {"page", "check", "join", "offline"}
WEB_MAY_IMPORT: dict[str, set[str]] = {
    "shared": set(),
    "worklets": {"shared"},
    "worker": {"shared"},
    "ui": {"shared"},
    "page": {"shared", "ui", "worker"},
    "check": {"shared", "ui", "worker", "page"},
    "join": {"shared", "ui"},
    "offline": {"shared", "ui"},
    "streamer_room.js": {"shared", "ui", "worker", "page"},
    "streamer_loader.js": set(),
    "service_worker.js": set(),
}
"""What the scripts of each folder of web/ may import, types included; the folders inside it have the same
rule. The page starts the worker; the check runs parts of it itself."""
SUBJECTS: dict[str, dict[str, set[str]]] = {
    "page": {
        "delay": set(),
        "sheets": set(),
        "sound": set(),
        "people": {"delay", "sheets", "sound"},
        "door": {"people", "sound"},
        "host": {"people", "sheets"},
        "talk": {"delay", "people", "sheets", "sound"},
        "words": {"host", "people", "sheets", "sound"},
        "programs": {"words"},
        "settings": {"delay", "people", "sheets", "sound", "talk", "words"},
    },
    "worker": {
        "connection": set(),
        "delay": set(),
        "feedback": set(),
        "replay": set(),
        "sending": {"connection", "delay", "feedback"},
    },
}
"""What each folder inside page/ and worker/ may import of the others there, types included: each only from
those listed before it. The scripts of page/ and worker/ itself join them: they may import all, and no folder
imports them."""
DOCUMENT = re.compile(
    r"(?<![\w.#$])(?:document\b|window\.|HTML\w*Element\b|(?:local|session)Storage\b|matchMedia\()"
)
MAY_TOUCH_THE_DOCUMENT = PAGES | {"ui", "streamer_room.js", "streamer_loader.js"}

AUDIO_THREAD = ("process", "addTo", "pop", "#mixAll", "separate")
"""What runs for every 128 samples. What runs for a packet or ten times a second may make objects: it sends
some."""
ALLOCATES = re.compile(
    r"\bnew\b|=>|`|\.\.\.|\.(?:map|filter|slice|concat|from|keys|entries|split|join|subarray)\("
    r"|(?:[=(,:?]|return)\s*[\[{]"
)

PRIVATE_OF_ANOTHER = re.compile(
    r"(?<![\w.])(?!self\b)\w+(?:\.\w+)*\._(?!_)\w+|\bself\.\w+(?:\.\w+)*\._(?!_)\w+"
)
"""In Cython, where another module may read and write whatever a class holds."""
WRITES_TO_ANOTHER = re.compile(r"\b(?:self|this)\.#?\w+\.\w+ (?:[-+*/|&]?=)(?!=)")

FUNCTION_LINES = 40
MODULE_LINES = 400
LINE_CHARACTERS = 110
READ_IN_ONE_GO = [path for path in [*PYTHON, *JAVASCRIPT, *COMPILED] if path.parent.name != "text"]
"""All but the tables of words."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# ---- Python


def module_of(path: Path) -> str:
    """`relay.rooms.leg`; a package by its own name, `streamer` by none."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_of(path) for path in [*PYTHON, *COMPILED]}
FOLDERS = {module_of(path) for path in PYTHON if path.name == "__init__.py"}


def folder(module: str) -> str:
    """The part of the house that a module belongs to: its package, unless it has a rule of its own."""
    return module if module in FOLDERS or module in MAY_IMPORT else module.rpartition(".")[0] or module


def imports(path: Path) -> Iterator[str]:
    """Whatever stands anywhere in the file, what is only for types included."""
    if path.suffix in (".pyx", ".pxd"):
        yield from re.findall(r"^\s*(?:from|c?import)\s+([\w.]+)", path.read_text(), re.MULTILINE)
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name(path)} line {node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def our_imports(path: Path) -> set[str]:
    """The modules of ours that a file imports, or whose contents it does."""
    found = set()
    for imported in imports(path):
        if imported.split(".")[0] == "streamer":
            inside = imported.removeprefix("streamer").removeprefix(".")
            found.add(inside if inside in MODULES else inside.rpartition(".")[0])
    return found - {module_of(path)}


def top_levels(modules: Iterable[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("path", [*PYTHON, *DECLARED], ids=name)
def test_a_module_imports_only_from_below(path: Path) -> None:
    module = module_of(path)
    assert folder(module) in MAY_IMPORT, f"{name(path)}: there is no rule for {folder(module)!r}"
    allowed = MAY_IMPORT[folder(module)] | {folder(module)}
    above = {there for there in our_imports(path) if folder(there) not in allowed}
    assert not above, f"{name(path)} is in {folder(module)!r} and must not import {above}"


def test_relay_and_client_know_nothing_of_each_other() -> None:
    for path in PYTHON:
        sides = top_levels([module_of(path), *our_imports(path)])
        assert not {"relay", "client"} <= sides or top_levels([module_of(path)]) <= {"doctor", "cli"}, name(
            path
        )


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not for types either: two modules that need each other's types are one, or lack a third."""
    below: dict[str, set[str]] = {}
    for path in [*PYTHON, *DECLARED]:
        module = module_of(path)
        there = {other for other in our_imports(path) if other not in FOLDERS}
        below.setdefault(module, set()).update(there)
    while ends := {
        module
        for module, there in below.items()
        if not there & below.keys() or not any(module in others for others in below.values())
    }:
        below = {module: there - ends for module, there in below.items() if module not in ends}
    assert not below, f"in a circle, or between two: {sorted(below)}"


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    users = {name(path).removeprefix("streamer/") for path in PYTHON if library in top_levels(imports(path))}
    assert users <= DOORS[library]


@pytest.mark.parametrize(
    "path", [path for path in PYTHON if folder(module_of(path)) in PURE and path != SETS_OPTIONS], ids=name
)
def test_the_core_opens_no_socket_and_reads_no_clock(path: Path) -> None:
    assert not top_levels(imports(path)) & CLOCKS_AND_SOCKETS


@pytest.mark.parametrize("path", COMPILED, ids=name)
def test_a_compiled_module_has_its_contents_and_its_types_beside_it(path: Path) -> None:
    assert path.with_suffix(".pxd").exists(), f"{name(path)} has no .pxd"
    assert path.with_suffix(".pyi").exists(), f"{name(path)} has no .pyi"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_a_python_function_fits_a_screen(path: Path) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = {
        f"{node.name} has {length} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions) and (length := lines_of(node)) > FUNCTION_LINES
    }
    assert not long


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end; decorators, which for a command line are its options, don't count.

    A case of one statement counts once: a dispatcher is a table, and grows with its messages.
    """
    assert node.end_lineno is not None
    rows = [case for case in ast.walk(node) if isinstance(case, ast.match_case) and len(case.body) == 1]
    return node.end_lineno - node.lineno + 1 - len(rows)


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("jitter/*.pyx")), ids=name)
def test_a_part_of_the_jitter_buffer_owns_its_fields(path: Path) -> None:
    found = [line for line in path.read_text().splitlines() if PRIVATE_OF_ANOTHER.search(line)]
    found += [line for line in path.read_text().splitlines() if WRITES_TO_ANOTHER.search(line)]
    assert not found


# ---- JavaScript


def web_name(path: Path) -> str:
    return path.relative_to(WEB).as_posix()


def thread(script: str) -> str:
    """The folder of a script, which is the thread or the page that it runs in; in the root, its own name."""
    return script.split("/")[0]


def code(path: Path) -> str:
    """The text of a script without its comments."""
    return re.sub(r"(?s:/\*.*?\*/)|(?<!:)//.*", "", path.read_text())


def scripts_imported(path: Path) -> set[str]:
    """By an import, for its types, or by starting it as a worker."""
    text = path.read_text()
    wanted = re.findall(r"""(?:\bfrom|\bimport\(?|\bnew URL\()\s*["`](\.[^"`]+\.js)["`]""", text)
    here = posixpath.dirname(web_name(path))
    return {
        posixpath.normpath(posixpath.join(here, there)) for there in wanted if "node_modules" not in there
    }


@pytest.mark.parametrize("path", JAVASCRIPT, ids=name)
def test_a_script_imports_only_from_the_folders_below(path: Path) -> None:
    script = web_name(path)
    allowed = WEB_MAY_IMPORT[thread(script)] | {thread(script)}
    above = {there for there in scripts_imported(path) if thread(there) not in allowed and "${" not in there}
    assert not above, f"{script} must not import {above}"


def subject(script: str) -> str:
    """The folder of the page or of the worker that a script stands in; empty in page/ and worker/ itself."""
    return posixpath.dirname(script).removeprefix(thread(script)).removeprefix("/")


@pytest.mark.parametrize(
    "path", sorted(path for folder in SUBJECTS for path in WEB.glob(f"{folder}/*/**/*.js")), ids=name
)
def test_a_subject_imports_only_from_those_below(path: Path) -> None:
    script = web_name(path)
    allowed = SUBJECTS[thread(script)][subject(script)] | {subject(script)}
    others = {there for there in scripts_imported(path) if thread(there) == thread(script)}
    above = {there for there in others if subject(there) not in allowed}
    assert not above, f"{script} must not import {above}"


@pytest.mark.parametrize("folder", SUBJECTS)
def test_no_two_subjects_need_each_other(folder: str) -> None:
    below: set[str] = set()
    for its_subject, needed in SUBJECTS[folder].items():
        assert needed <= below, f"{folder}/{its_subject} comes before {needed - below}"
        below.add(its_subject)
    assert below == {path.name for path in (WEB / folder).iterdir() if path.is_dir()}


@pytest.mark.parametrize(
    "path", [path for path in JAVASCRIPT if thread(web_name(path)) not in MAY_TOUCH_THE_DOCUMENT], ids=name
)
def test_only_pages_touch_the_document(path: Path) -> None:
    assert not DOCUMENT.findall(code(path))


@pytest.mark.parametrize("path", sorted(WEB.glob("worklets/*.js")), ids=name)
def test_the_audio_thread_makes_no_objects_while_it_plays(path: Path) -> None:
    """As far as it can be seen in the source: literals, closures, and calls that return a new object."""
    found = {
        f"{function}: {line.strip()}"
        for function, body in bodies(code(path))
        if function in AUDIO_THREAD
        for line in body
        if ALLOCATES.search(re.sub(r"\bthrow .*", "", line))
    }
    assert not found


@pytest.mark.parametrize("path", sorted(WEB.glob("worklets/*.js")), ids=name)
def test_a_part_of_the_audio_thread_writes_no_field_of_another(path: Path) -> None:
    """What it may not read is private to JavaScript, too."""
    counts = re.compile(r"this\.#(?:counts|samples|now|decision)\b")
    written = [
        line for line in code(path).splitlines() if WRITES_TO_ANOTHER.search(line) and not counts.search(line)
    ]
    assert not [line for line in written if "port.onmessage" not in line]


def bodies(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each named function or method, by indentation, without the line that opens it."""
    opening = re.compile(r"^(\s*)(?:export |default |async |static |get |set |function )*([#\w]+)\(.*\) \{$")
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = opening.match(line)
        if match and match[2] not in ("if", "for", "while", "switch", "catch", "with"):
            end = next(
                (n for n in range(number, len(lines)) if lines[n].startswith(match[1] + "}")), len(lines)
            )
            yield match[2], lines[number + 1 : end]


@pytest.mark.parametrize("path", READ_IN_ONE_GO, ids=name)
def test_a_module_is_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("path", READ_IN_ONE_GO, ids=name)
def test_a_line_is_read_without_scrolling(path: Path) -> None:
    """Python's linter says it of .py, for the tests as well."""
    long = [line for line in path.read_text().splitlines() if len(line) > LINE_CHARACTERS]
    assert not long, "\n".join(long)


@pytest.mark.parametrize("path", JAVASCRIPT, ids=name)
def test_a_javascript_function_fits_a_screen(path: Path) -> None:
    """By indentation: a line that opens a named function or method, to the line that closes it at the same
    depth."""
    opening = re.compile(
        r"^(\s*)(?:export |default |async |static |get |set |#)*(?:function\b.*|[#\w]+\(.*\)) \{$"
    )
    lines = path.read_text().splitlines()
    long = []
    for number, line in enumerate(lines):
        match = opening.match(line)
        if not match or re.match(r"\s*(if|for|while|switch|catch|with)\b", line):
            continue
        closing = next(
            (n for n in range(number, len(lines)) if lines[n].startswith(match[1] + "}")), len(lines)
        )
        if closing - number + 1 > FUNCTION_LINES:
            long.append(
                f"line {number + 1} begins a function of {closing - number + 1} lines: {line.strip()}"
            )
    assert not long
