"""SECURITY.md names the tests that show its promises; they exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
MODULES = {path.stem: path for path in (ROOT / "tests/unit").rglob("test_*.py")}
DOCUMENT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_promise_names_tests_that_exist() -> None:
    protected = DOCUMENT.split("**Protected**")[1].split("**Not protected**")[0]
    for promise in re.split(r"\n- ", protected)[1:]:
        shown = re.findall(r"\btest_\w+(?:::test_\w+)?", promise)
        assert shown, promise
        for name in shown:
            module, _, test = name.partition("::")
            source = MODULES[module].read_text(encoding="utf-8")
            assert not test or re.search(rf"def {test}\(", source), f"{name} is no test"


def test_every_file_that_it_names_exists() -> None:
    for name in re.findall(r"(?:tests|scripts)/[\w/.]+\w", DOCUMENT):
        assert (ROOT / name).exists(), name
