"""What tests with sound and browsers stand on, and what a failing test tells.

A test with sound has a rig, a relay and browsers of its own: real processes that end with it. A test with a
browser but without exact sound shares rig and browsers with its file: each of its phones is a fresh context
in its member's browser, and its relay is its own. The mark `own_browser` is for one whose browser must be in
no other state.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from audio_rig import Rig
from evidence import Evidence, begin
from machine_steadiness import Steadiness
from phone import Chromiums, Phones
from processes import RelayProcess

from streamer.relay.tls.authority import Authority

MACHINE = pytest.StashKey[Steadiness]()
EVIDENCE = pytest.StashKey[Evidence]()


def pytest_configure() -> None:
    """A shell starts what runs in its background with SIGINT and SIGQUIT ignored, and every child inherits
    that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The wheel first: it takes longest to build, and a worker that began with it last would leave the others
    idle. Then by the names of files: those of one folder start the same servers, and at one time they would
    hold each other up."""
    items.sort(key=lambda item: (item.path.stem != "test_wheel", item.path.stem))


def needs_a_steady_machine(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return any(item.get_closest_marker(mark) for mark in ("sound", "browser")) or "rig" in fixtures


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note what each test may have to show, and watch the machine where sound or a browser is tested."""
    item.stash[EVIDENCE] = begin(item.config.rootpath, item.nodeid)
    if not needs_a_steady_machine(item):
        return (yield)
    with Steadiness() as machine:
        item.stash[MACHINE] = machine
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.failed:
        report.sections.append(("to find out why", "\n".join(findings(item))))
    return report


def findings(item: pytest.Item) -> Iterator[str]:
    """What helps somebody who did not write the test."""
    if machine := item.stash.get(MACHINE, None):
        machine.stop()
        yield f"machine: {machine}"
    kept = item.stash[EVIDENCE].keep_all()
    if kept:
        yield "kept: " + ", ".join(str(path.relative_to(item.config.rootpath)) for path in kept)
    yield f"alone: scripts/test '{item.nodeid}'"


def shares(request: pytest.FixtureRequest) -> bool:
    """Whether a test makes do with the rig and the browsers of its file."""
    marked = request.node.get_closest_marker
    return bool(marked("browser")) and not marked("sound") and not marked("own_browser")


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    if shares(request):
        yield request.getfixturevalue("shared_rig")
        return
    with Rig(members=3) as rig:
        yield rig


@pytest.fixture
def relay(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RelayProcess]:
    authority = request.getfixturevalue("shared_authority") if shares(request) else None
    with RelayProcess(tmp_path / "relay", authority=authority) as relay:
        yield relay


@pytest.fixture
def phones(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Phones]:
    chromiums = request.getfixturevalue("shared_chromiums") if shares(request) else None
    with Phones(tmp_path / "phones", chromiums) as phones:
        yield phones


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[Rig]:
    with Rig(members=3) as rig:
        yield rig


@pytest.fixture(scope="module")
def shared_authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the certificate authority of all relays of a file: a browser reads once which ones it
    trusts."""
    folder = tmp_path_factory.mktemp("authority")
    Authority(folder)
    return folder


@pytest.fixture(scope="module")
def shared_chromiums(tmp_path_factory: pytest.TempPathFactory, shared_rig: Rig) -> Iterator[Chromiums]:
    with Chromiums(tmp_path_factory.mktemp("chromiums"), shared_rig) as chromiums:
        yield chromiums
