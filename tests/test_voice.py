import numpy as np

from streamer.client.samples import Samples, silence
from streamer.client.voice import HANGOVER_FRAMES, Voice
from streamer.wire.packet import TALKSPURT_START, Packet

FRAME = 480


def loud(amplitude: float = 0.1) -> Samples:
    return np.full(FRAME, amplitude, dtype=np.float32) * np.float32([1, -1] * (FRAME // 2))


def say(voice: Voice, frames: list[Samples], start: int = 0) -> list[Packet | None]:
    return [voice.packet(frame, start + number * FRAME) for number, frame in enumerate(frames)]


def test_packets_count_on_and_tell_when_they_were_captured_and_how_loud() -> None:
    packets = say(Voice(), [loud()] * 3, start=2**32 - FRAME)
    assert [(p.seq, p.timestamp, p.level, p.voice, p.flags, p.duration) for p in packets if p] == [
        (0, 2**32 - FRAME, 20, True, TALKSPURT_START, 4),
        (1, 0, 20, True, 0, 4),
        (2, FRAME, 20, True, 0, 4),
    ]


def test_silence_is_not_sent_but_the_tail_of_a_word_is() -> None:
    packets = say(Voice(), [loud(), *[silence(FRAME)] * (HANGOVER_FRAMES + 20)])
    sent = [packet for packet in packets if packet]
    assert len(sent) == HANGOVER_FRAMES
    assert packets[-20:] == [None] * 20


def test_a_talkspurt_starts_after_a_pause_and_seq_goes_on_where_it_stopped() -> None:
    voice = Voice()
    before = [packet for packet in say(voice, [loud(), *[silence(FRAME)] * HANGOVER_FRAMES]) if packet]
    after = voice.packet(loud(), 100 * FRAME)
    assert after is not None
    assert (after.seq, after.flags, after.timestamp) == (before[-1].seq + 1, TALKSPURT_START, 100 * FRAME)


def test_nothing_is_sent_before_the_first_sound() -> None:
    assert say(Voice(), [silence(FRAME)] * 5) == [None] * 5


def test_a_microphone_s_own_noise_is_sent_as_sound_without_voice() -> None:
    packet = Voice().packet(loud(0.001), 0)
    assert packet is not None
    assert (packet.level, packet.voice) == (60, False)


def test_music_is_sent_in_stereo_and_a_note_that_dies_away_is_not_cut() -> None:
    decay = [np.repeat(loud(10 ** (-level / 20)), 2).reshape(FRAME, 2) for level in range(10, 80)]
    packets = say(Voice(music=True), decay)
    assert all(packet and packet.payload[0] & 0x04 for packet in packets)
