"""docs/python-api.md as programs: its ten lines, and all that it shows in Python."""

import re
from pathlib import Path
from typing import Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs/python-api.md"
TEXT: Final = DOCUMENT.read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def ten_lines(link: str) -> str:
    """The document's first program, with `link` in the place of its link."""
    program, count = re.subn(r'"https?://[^"]+"', lambda _: repr(link), BLOCKS[0])
    assert count == 1
    return program
