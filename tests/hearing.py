"""Whether the members of a room hear each other, on the rig."""

from rig import Rig
from sound import SAMPLE_RATE, hear, speech

SAID_S = 3
TRIES = 4
"""A busy machine makes a browser's sound stumble: that is not what is looked for here."""


def hears(rig: Rig, listener: int, talker: int) -> bool:
    """Let one speak; whether that is what comes out at another's."""
    said = speech(talker)[: SAID_S * SAMPLE_RATE]
    for _ in range(TRIES):
        with rig.record() as recording:
            rig.play(rig.microphone(talker), said).wait()
            recording.wait_ms(800)
            heard = recording.wire(rig.speaker(listener))
        if hear(said, heard).alike:
            return True
    return False
