"""A tile holds what it says: whoever is in it, however slow a voice, in every language and on every phone."""

from typing import Final

import pytest
from audio_rig import Rig
from phone import SIZE, SMALL, Phones
from processes import RelayProcess
from screenshots import check_lines
from synthetic_room import SLOW, crowd

pytestmark = pytest.mark.browser

SIZES: Final = (
    SIZE,
    {"width": 390, "height": 664},
    {"width": 360, "height": 640},
    SMALL,
    {"width": 844, "height": 390},
    {"width": 1280, "height": 520},
)
"""Also as much as the browser's own bars leave of a phone, and a low window."""
OUTSIDE: Final = """() => {
  const found = [];
  for (const tile of document.querySelectorAll("main .tile")) {
    const box = tile.getBoundingClientRect();
    for (const node of tile.querySelectorAll(".name, .bars, .pill, .doing")) {
      if (!node.checkVisibility() || (node.textContent === "" && !node.matches(".bars"))) continue;
      const content = document.createRange();
      content.selectNodeContents(node);
      const place = content.getBoundingClientRect();
      const outside = node.className !== "name" && (place.left < box.left || place.right > box.right);
      if (outside || place.bottom > box.bottom)
        found.push(`${node.className}: ${node.innerText}`);
    }
  }
  return found;
}"""
"""A name that is too long ends in dots."""


@pytest.mark.parametrize("language", ["en", "de", "es"])
@pytest.mark.parametrize("others", [2, 20])
def test_a_tile_holds_all_that_it_says(
    others: int, language: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    phone = phones.start(rig, 0, relay.authority).speak(language).open(relay.link).join("Anna")
    with crowd(relay, others, talkers=1) as people:
        for device_us, speed in SLOW:
            people.device_us = device_us
            phone.page.locator(f"main .tile .pill{speed}:visible").first.wait_for()
            for size in SIZES:
                phone.page.set_viewport_size(size)
                check_lines(phone.page, **size, state=f"{others} others, {speed}")
                found = phone.page.evaluate(OUTSIDE)
                assert not found, f"{size}: {found}"
