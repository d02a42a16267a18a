"""What tests with sound and browsers stand on; each starts real processes and ends them with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from phone import Phones
from processes import RelayProcess
from rig import Rig
from steadiness import Steadiness

MACHINE = pytest.StashKey[Steadiness]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The wheel first: its building takes long, and who began with it last would leave nothing to do for the other."""
    items.sort(key=lambda item: item.path.stem != "test_wheel")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Watch the machine while sound is measured."""
    if not item.get_closest_marker("sound"):
        return (yield)
    item.stash[MACHINE] = Steadiness()
    try:
        with item.stash[MACHINE]:
            return (yield)
    finally:
        item.add_report_section("call", "machine", f"While this test ran, {item.stash[MACHINE]}.")


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig(members=3) as rig:
        yield rig


@pytest.fixture
def relay(tmp_path: Path) -> Iterator[RelayProcess]:
    with RelayProcess(tmp_path / "relay") as relay:
        yield relay


@pytest.fixture
def phones(tmp_path: Path) -> Iterator[Phones]:
    with Phones(tmp_path / "phones") as phones:
        yield phones
