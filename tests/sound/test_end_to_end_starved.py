"""A page whose browser is too busy to hand the loudspeaker sound in time hands it more at a time, in the
middle of a call."""

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from audio_rig import Rig, wait_until
from headset import devices, headset, notice
from phone import UNPROCESSED, Phone, Phones
from processes import RelayProcess
from words_file import ben_talks

pytestmark = [pytest.mark.sound, pytest.mark.browser]

LACKS: Final = """
globalThis.contexts = [];
globalThis.AudioContext = class extends AudioContext {
  constructor(options) {
    super(options);
    this.hint = options?.latencyHint;
    contexts.push(this);
  }
  getOutputTimestamp() {
    const told = super.getOutputTimestamp();
    if (this.hint === 0 && globalThis.lacksSinceMs)
      told.contextTime -= (0.1 * (performance.now() - lacksSinceMs)) / 1000;
    return told;
  }
};
"""
"""Once `lacksSinceMs` is set, the browser says that a tenth of what the least latency plays is silence."""
USED: Final = "contexts.filter(({ state }) => state === 'running').map(({ hint }) => hint)"
CHOOSE_THE_SYSTEMS_THEN_THE_HEADSET: Final = """
    const choice = document.querySelector("#settings select[name=loudspeaker]");
    const headset = [...choice.options].find(({ label }) => label === "Headset");
    for (const { value } of [choice.options[0], headset]) {
      choice.value = value;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    }
"""
CD: Final = 44_100
HEARD_S: Final = 30.0
SAID_S: Final = 60.0
LISTENED_MS: Final = 6_000
AUDIBLE: Final = 0.01


@pytest.mark.parametrize("is_muted", [False, True])
def test_voices_go_on_as_loud_as_they_were_when_another_context_takes_over(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path, is_muted: bool
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script(LACKS)
    phone.open(relay.link + UNPROCESSED).join("Anna")
    rig.wait_attached(0)
    with rig.record() as recording, ben_talks(tmp_path, relay, SAID_S):
        recording.wait_for_sound(rig.speaker(0), HEARD_S)
        if is_muted:
            phone.mute_for_me("Ben")
        assert used(phone) == [0]
        let_another_context_take_over(phone)
        recording.wait_ms(1_000)
        start = recording.length
        recording.wait_ms(LISTENED_MS)
        heard = recording.wire(rig.speaker(0))[start:]
    assert (np.abs(heard).max() > AUDIBLE) is not is_muted
    assert phone.page.get_by_text("has paused the sound").count() == 0
    assert phone.errors == []


def test_a_headset_chosen_right_after_another_context_took_over_is_used(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path
) -> None:
    phone = phones.start(rig, 0, relay.authority)
    phone.page.add_init_script(LACKS)
    phone.open(relay.link + UNPROCESSED).join("Anna")
    with headset(rig, 0, CD), rig.record() as recording, ben_talks(tmp_path, relay, SAID_S):
        recording.wait_for_sound(rig.speaker(0), HEARD_S)
        notice(phone)
        let_another_context_take_over(phone)
        phone.page.evaluate(CHOOSE_THE_SYSTEMS_THEN_THE_HEADSET)
        rig.wait_used({devices(rig, 0)[1]})
        recording.wait_ms(1_000)
        recording.wait_for_sound(rig.speaker(0), HEARD_S, start=recording.length)
    assert phone.errors == []


def let_another_context_take_over(phone: Phone) -> None:
    phone.page.evaluate("globalThis.lacksSinceMs = performance.now()")
    wait_until(lambda: used(phone) == [0.01], HEARD_S, lambda: f"still {used(phone)}")


def used(phone: Phone) -> list[float]:
    """What the page's contexts were opened with that run."""
    found: list[float] = phone.page.evaluate(USED)
    return found
