"""First voice: two phones and a desktop in one room, over TLS, on real sound."""

from pathlib import Path

import pytest
from phone import Phone, Phones
from processes import RelayProcess, StreamerProcess
from rig import Recording, Rig
from sound import hear, level_dbfs, words

pytestmark = [pytest.mark.sound, pytest.mark.browser]

ANNA, BEN, DESK = range(3)
NAMES = ("Anna", "Ben", "Desk")
SILENCE_DBFS = -60


def a_phone(phones: Phones, rig: Rig, relay: RelayProcess, member: int) -> Phone:
    return phones.start(rig, member, relay.authority).open(relay.link)


def desktop(home: Path, rig: Rig, relay: RelayProcess) -> StreamerProcess:
    arguments = ("talk", relay.link, "--ca", relay.authority, "--name", NAMES[DESK])
    return StreamerProcess(home, *arguments, environment=rig.environment(DESK))


def say(rig: Rig, recording: Recording, talker: int) -> tuple[int, int]:
    """Let one member speak; gives the samples between which everything of it was recorded."""
    start = recording.length
    rig.play(rig.microphone(talker), words(talker)).wait()
    recording.wait_ms(800)
    return start, recording.length


def test_all_three_hear_the_others_and_never_themselves(
    rig: Rig, relay: RelayProcess, phones: Phones, tmp_path: Path
) -> None:
    for member in (ANNA, BEN):
        a_phone(phones, rig, relay, member).join()
    with desktop(tmp_path / "desk", rig, relay) as process:
        rig.attach(process.pid, DESK)
        for member in (ANNA, BEN, DESK):
            rig.wait_attached(member)
        relay.wait_for_members(3)
        with rig.record() as recording:
            recording.wait_ms(500)
            passages = [say(rig, recording, talker) for talker in (ANNA, BEN, DESK)]
    assert not [phone.errors for phone in phones.all if phone.errors]
    for talker, (start, stop) in enumerate(passages):
        said = hear(words(talker), recording.wire(rig.microphone(talker), start, stop))
        for listener in (ANNA, BEN, DESK):
            wire = recording.wire(rig.speaker(listener), start, stop)
            heard = hear(words(talker), wire)
            if listener == talker:
                assert level_dbfs(wire) < SILENCE_DBFS, f"{NAMES[talker]} hears himself"
                continue
            delay_ms = heard.delay_ms - said.delay_ms
            print(f"{NAMES[talker]:>4} → {NAMES[listener]:<4} {delay_ms:6.1f} ms, likeness {heard.likeness:.2f}")
            assert heard.alike, f"{NAMES[listener]} does not hear {NAMES[talker]}: {heard}"
            assert 0 < delay_ms < 500
