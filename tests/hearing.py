"""Whether the members of a room hear each other, on the rig."""

from rig import Rig
from sound import ALIKE_AMONG_OTHERS, hear, words

TRIES = 4
"""A busy machine makes a browser's sound stumble: that is not what is looked for here."""


def hears(rig: Rig, listener: int, talker: int) -> bool:
    """Let one speak; whether that is what comes out at another's."""
    for _ in range(TRIES):
        with rig.record() as recording:
            rig.play(rig.microphone(talker), words(talker)).wait()
            recording.wait_ms(800)
            heard = recording.wire(rig.speaker(listener))
        if hear(words(talker), heard).likeness > ALIKE_AMONG_OTHERS:
            return True
    return False
