"""A phone that is alone in a room lets its loudspeaker rest, and hears whoever comes."""

from pathlib import Path
from typing import Final

import pytest
from audio_rig import Rig, wait_until
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess
from words_file import ben_talks

pytestmark = [pytest.mark.sound, pytest.mark.browser]

CONTEXTS: Final = """
globalThis.contexts = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(...options) {
    super(...options);
    contexts.push(this);
  }
};
"""
RESTS_S: Final = 60.0
"""It does so after ten seconds; a busy machine may be late."""
SAID_S: Final = 40.0
HEARD_S: Final = 30.0
CUE_MS: Final = 3_000
"""After that, what is heard is no cue of who came."""


def test_the_loudspeaker_rests_while_nobody_is_there_and_whoever_comes_is_heard(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script(CONTEXTS)
    phone.open(relay.link + UNPROCESSED).join("Anna")
    rig.wait_attached(0)
    wait_until(lambda: states(phone) == ["suspended"], RESTS_S, lambda: f"still {states(phone)}")
    with rig.record() as recording, ben_talks(tmp_path, relay, SAID_S):
        wait_until(lambda: states(phone) == ["running"], RESTS_S, lambda: f"still {states(phone)}")
        recording.wait_ms(CUE_MS)
        recording.wait_for_sound(rig.speaker(0), HEARD_S, start=recording.length)
    assert phone.page.get_by_text("has paused the sound").count() == 0
    assert phone.errors == []


def states(phone: Phone) -> list[str]:
    """Of the page's audio contexts, of which there is one."""
    found: list[str] = phone.page.evaluate(
        "contexts.map(({ state }) => state).filter((state) => state !== 'closed')"
    )
    return found
