import numpy as np
import pytest

from streamer.client.audio.packetizer import PREROLL_FRAMES, Packetizer
from streamer.client.audio.samples import Samples, silence
from streamer.client.audio.transmit_gate import TAIL_FRAMES
from streamer.wire.packet import TALKSPURT_START, Packet

FRAME = 480
HANGOVER_FRAMES = TAIL_FRAMES["free"] + 19
QUIET = silence(FRAME)


def loud(amplitude: float = 0.1) -> Samples:
    return np.full(FRAME, amplitude, dtype=np.float32) * np.float32([1, -1] * (FRAME // 2))


def say(packetizer: Packetizer, frames: list[Samples], start: int = 0) -> list[list[Packet]]:
    return [packetizer.packets(frame, start + number * FRAME) for number, frame in enumerate(frames)]


def sent(packetizer: Packetizer, frames: list[Samples], start: int = 0) -> list[Packet]:
    return [packet for packets in say(packetizer, frames, start) for packet in packets]


def test_packets_count_on_and_tell_when_they_were_captured_and_how_loud() -> None:
    packets = sent(Packetizer(), [loud()] * 3, start=2**32 - FRAME)
    assert [(p.seq, p.timestamp, p.level, p.voice, p.flags, p.duration) for p in packets] == [
        (0, 2**32 - FRAME, 20, True, TALKSPURT_START, 4),
        (1, 0, 20, True, 0, 4),
        (2, FRAME, 20, True, 0, 4),
    ]


def test_a_talkspurt_starts_with_what_was_heard_right_before_it_at_the_time_it_was_heard() -> None:
    said = say(Packetizer(), [*[QUIET] * 20, loud(), loud()])
    assert [len(packets) for packets in said] == [*[0] * 20, PREROLL_FRAMES + 1, 1]
    assert [packet.timestamp // FRAME for packet in said[20]] == [16, 17, 18, 19, 20]
    assert [packet.flags for packet in said[20]] == [TALKSPURT_START, 0, 0, 0, 0]
    assert [packet.voice for packet in said[20]] == [False] * 4 + [True]


def test_a_pause_shorter_than_the_hangover_is_sent_as_it_is_and_a_longer_one_not() -> None:
    pauses = (HANGOVER_FRAMES - 1, HANGOVER_FRAMES + 50)
    frames = [loud(), *[frame for length in pauses for frame in [*[QUIET] * length, loud()]]]
    packets = sent(Packetizer(), frames)
    starts = [packet.timestamp // FRAME for packet in packets if packet.flags & TALKSPURT_START]
    assert starts == [0, 2 * HANGOVER_FRAMES + 51 - PREROLL_FRAMES]
    assert [packet.seq for packet in packets] == list(range(len(packets)))
    assert len({packet.timestamp for packet in packets}) == len(packets)


@pytest.mark.parametrize("frame", [QUIET, loud(0.0009)])
def test_nothing_is_sent_before_the_first_sound_that_can_be_a_voice(frame: Samples) -> None:
    assert sent(Packetizer(), [frame] * 50) == []


def test_somebody_who_is_muted_sends_nothing_and_after_it_nothing_of_before() -> None:
    packetizer = Packetizer()
    sent(packetizer, [loud()])
    packetizer.gate.muted = True
    assert sent(packetizer, [loud()] * 9) == []
    assert (packetizer.level, packetizer.talking) == (127, False)
    packetizer.gate.muted = False
    assert [packet.flags for packet in sent(packetizer, [loud()])] == [TALKSPURT_START]


def test_a_file_is_said_with_its_silence_which_says_that_it_is_no_voice() -> None:
    packets = sent(Packetizer("open"), [QUIET, loud(), *[QUIET] * 200])
    assert [packet.timestamp // FRAME for packet in packets] == list(range(202))
    assert [packet.voice for packet in packets[:3]] == [False, True, True]
    assert not packets[-1].voice


def test_music_is_sent_in_stereo_and_a_note_that_dies_away_is_not_cut() -> None:
    decay = [np.repeat(loud(10 ** (-level / 20)), 2).reshape(FRAME, 2) for level in range(10, 120)]
    packets = sent(Packetizer(music=True), decay)
    assert len(packets) == len(decay)
    assert all(packet.payload[0] & 0x04 for packet in packets)
