"""The pre-flight page where something is missing; `test_end_to_end_check_heard.py` has what it finds with
sound."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from audio_rig import Rig, wait_until
from phone import GRANT, REFUSE, Phones
from processes import RelayProcess

pytestmark = pytest.mark.browser

HERE = 0
LONGEST_S = 180
STARTS_S = 60
HUM = np.float32(0.003) * np.sin(np.arange(10 * 48_000, dtype=np.float32) / 20)
SILENCE = np.zeros_like(HUM)


class Row(NamedTuple):
    state: str
    words: str


Rows = dict[str, Row]
EVERY_ROW = ("secure", "microphone", "loudspeaker", "echo", "codec", "socket", "network")
OF_SOUND = ("microphone", "loudspeaker", "echo")
NO_VOICE = {
    "refused": (REFUSE, SILENCE, "fails", "allow the microphone"),
    "switched off": (GRANT, SILENCE, "fails", "hears nothing at all"),
    "only a hum": (GRANT, HUM, "unknown", "-50 dB at the loudest"),
}


def check_link(relay: RelayProcess) -> str:
    return relay.link.replace("/#", "/check#")


def told(relay: RelayProcess, before: int = 0) -> Rows:
    """What the check told the relay, as the relay logs it; `before` were told already."""

    def find() -> list[str]:
        relay.check_running()
        return re.findall(r" check of 127\.0\.0\.1: (.*)$", relay.log, re.MULTILINE)[before:]

    found: list[str] = wait_until(find, LONGEST_S, relay.complaint)
    rows = re.findall(rf"\b({'|'.join(EVERY_ROW)}) (passes|fails|unknown)(?:: ([^;]*))?;", found[0])
    return {name: Row(state, words) for name, state, words in rows}


@pytest.mark.parametrize("case", NO_VOICE)
def test_where_the_microphone_gives_no_voice_the_reason_is_said_and_what_hangs_on_it_is_unknown(
    case: str, rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    permission, sound, state, words = NO_VOICE[case]
    phone = phones.start(rig, HERE, relay.authority, microphone=permission).open(check_link(relay))
    rig.play(rig.microphone(HERE), sound)
    phone.press("Start the check")
    rows = told(relay)
    of_sound = {name: row.state for name, row in rows.items() if name in OF_SOUND}
    assert of_sound == {"microphone": state, "loudspeaker": "unknown", "echo": "unknown"}
    assert words in rows["microphone"].words


def test_an_address_that_is_not_secure_is_said_to_be_the_reason(
    rig: Rig, phones: Phones, tmp_path: Path
) -> None:
    with RelayProcess(tmp_path / "relay", "--no-tls") as relay:
        phone = phones.start(rig, HERE, flags=("--host-resolver-rules=MAP relay.test 127.0.0.1",))
        phone.open(check_link(relay).replace("127.0.0.1", "relay.test"))
        phone.press("Start the check")
        phone.page.get_by_role("button", name="Check again").wait_for(timeout=LONGEST_S * 1000)
        reasons = phone.page.locator("[data-state=fails]", has_text="begins with https://")
        failing = {row.get_attribute("data-check") for row in reasons.all()}
    assert failing == {"secure", "microphone", "codec"}
