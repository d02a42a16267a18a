"""What nobody runs every day rots in silence: the benchmarks look for parts of the page that are there."""

import re
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
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
