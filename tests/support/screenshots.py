"""What a page looks like to eyes and to screen readers, at every size: held to axe-core's rules."""

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

from phone import SIZE
from playwright.sync_api import Page

AXE = (Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js").read_text()
ZOOMED: Final = 195
"""A phone's width where everything is twice as large."""


class Look(NamedTuple):
    scheme: str
    width: int
    height: int


LOOKS: Final = (Look("light", 390, 844), Look("dark", 1280, 800), Look("dark", 320, 640))
LOW: Final = ((390, 600), (844, 390), (1280, 520))
"""What a browser's own bars leave of a phone, a phone that is turned, and a low window."""
CUT_OFF: Final = """() => {
  const says = (node) => [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
  const isCut = (node) => {
    const { overflowY, webkitLineClamp, clipPath } = getComputedStyle(node);
    const isOnPurpose = webkitLineClamp !== "none" || clipPath !== "none";
    if (isOnPurpose || !["hidden", "clip"].includes(overflowY)) return false;
    return node.scrollHeight > node.clientHeight + 1;
  };
  return [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && says(node) && isCut(node))
    .map((node) => `${node.id || node.className}: ${node.innerText}`);
}"""
"""Lines of text of which not all can be seen. What has a clip path is for screen readers alone."""


def violations(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds, one line a rule, with the places."""
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("(within) => axe.run(within)", within)
    assert "color-contrast" in {rule["id"] for rule in found["passes"]}
    return [
        f"{rule['id']}: {rule['help']}: {json.dumps([node['target'] for node in rule['nodes']])}"
        for rule in found["violations"]
    ]


def check_looks(page: Page, state: str, within: str = "html") -> None:
    """At every size, light or dark, nothing is wrong; and nothing is cut off, however large the letters
    are."""
    for look in LOOKS:
        page.emulate_media(color_scheme=look.scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": look.width, "height": look.height})
        found = violations(page, within)
        assert not found, f"{state}, {look}: {found}"
        check_width(page, look.width, state)
        check_lines(page, look.width, look.height, state)
    for width, height in LOW:
        page.set_viewport_size({"width": width, "height": height})
        check_width(page, width, state)
        check_lines(page, width, height, state)
    page.set_viewport_size({"width": ZOOMED, "height": SIZE["height"] // 2})
    check_width(page, ZOOMED, state)
    check_bar(page, SIZE["height"] // 2, state)
    page.set_viewport_size(SIZE)


def check_width(page: Page, width: int, state: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, (
        f"{state} is wider than {width} pixels"
    )


def check_lines(page: Page, width: int, height: int, state: str) -> None:
    cut = page.evaluate(CUT_OFF)
    assert not cut, f"{state} cuts off at {width} × {height}: {cut}"


def check_bar(page: Page, height: int, state: str) -> None:
    """What stays at the bottom leaves most of the page to be seen."""
    bar = page.locator("#bar")
    box = bar.bounding_box() if bar.is_visible() else None
    assert box is None or box["height"] <= 0.4 * height, f"{state} has a bar that is {box} of {height} pixels"
