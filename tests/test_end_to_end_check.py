"""The pre-flight page in real browsers, on the rig: a cable brings the loudspeaker to the microphone."""

import re
from typing import NamedTuple

import pytest
from phone import Phones
from processes import RelayProcess
from rig import Rig, wait_until
from sound import speech

pytestmark = [pytest.mark.sound, pytest.mark.browser]

HERE = 0
LONGEST_S = 90
EVERY_ROW = ["secure", "microphone", "loudspeaker", "echo", "codec", "socket", "network"]


class Row(NamedTuple):
    state: str
    words: str


def told(relay: RelayProcess) -> dict[str, Row]:
    """What a check told the relay, as the relay logs it."""

    def find() -> re.Match[str] | None:
        relay.check_running()
        return re.search(r"check of 127\.0\.0\.1: (.*)$", relay.log, re.MULTILINE)

    found = wait_until(find, LONGEST_S, relay.complaint)
    rows = re.findall(rf"\b({'|'.join(EVERY_ROW)}) (passes|fails|unknown)(?:: ([^;]*))?;", found[1])
    return {name: Row(state, words) for name, state, words in rows}


def test_in_chromium_every_row_passes(rig: Rig, relay: RelayProcess, phones: Phones) -> None:
    with rig.copy(rig.speaker(HERE), rig.microphone(HERE)):
        phone = phones.start(rig, HERE, relay.authority).open(relay.link.replace("/#", "/check#"))
        phone.press("Start the check")
        phone.page.get_by_text("say something").wait_for()
        rig.play(rig.microphone(HERE), speech()[:24_000])
        rows = told(relay)
    print(rows)
    assert phone.errors == []
    assert {name: row.state for name, row in rows.items()} == dict.fromkeys(EVERY_ROW, "passes"), rows
