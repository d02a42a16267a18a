"""What nobody runs every day rots in silence: the benchmarks look for parts of the product that are there."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
sys.path.append(str(TESTS / "bench"))

from mutate import MUTATIONS, Mutation  # noqa: E402

PAGE: Final = TESTS.parent / "web/index.html"
SELECTOR: Final = re.compile(r"""(?:locator|querySelector(?:All)?|format)\(["']([^"']*)["']""")


def test_every_part_that_a_benchmark_looks_for_is_on_the_page() -> None:
    there = set(re.findall(r'\bid="([\w-]+)"', PAGE.read_text()))
    wanted = {
        (path.name, name)
        for path in sorted((TESTS / "bench").rglob("*.py"))
        for selector in SELECTOR.findall(path.read_text())
        for name in re.findall(r"#([a-z][\w-]*)", selector)
    }
    assert len(wanted) > 5
    assert {(path, name) for path, name in wanted if name not in there} == set()


@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_what_a_mutation_changes_is_there_once(mutation: Mutation) -> None:
    for file, old, _ in filter(None, (mutation[:3], mutation.also)):
        assert (TESTS.parent / file).read_text().count(old) == 1, f"{file}: {old!r}"
    for tests in mutation.tests.split():
        assert (TESTS.parent / tests).exists()
