import numpy as np

from streamer.client.codec import Encoder
from streamer.client.mixer import Mixer
from streamer.client.receiver import Receiver
from streamer.wire.packet import ENCRYPTED, SILENCE_LEVEL, Packet

FRAME = 480
TONE = (np.sin(np.arange(FRAME * 40) * 2 * np.pi * 10 / FRAME) * 0.7).astype(np.float32)  # 1 kHz


def packets(flags: int = 0) -> list[Packet]:
    encoder = Encoder()
    frames = TONE.reshape(-1, FRAME)
    return [Packet(n, n * FRAME, encoder.encode(frame), level=10, flags=flags) for n, frame in enumerate(frames)]


def talker(mixer: Mixer, talker_id: int, flags: int = 0) -> Receiver:
    receiver = Receiver(talker_id, "Ada")
    mixer.add(receiver)
    for number, packet in enumerate(packets(flags)[:6]):
        receiver.push(packet, number * 0.01)
    return receiver


def test_an_empty_room_is_silent_for_any_number_of_samples() -> None:
    for n_samples in (0, 1, 240, 481):
        assert not Mixer().pop(n_samples, 0.0).any()
        assert len(Mixer().pop(n_samples, 0.0)) == n_samples


def test_two_talkers_add_up_and_no_peak_is_beyond_full_scale() -> None:
    alone, both = Mixer(), Mixer()
    talker(alone, 1)
    talker(both, 1)
    talker(both, 2)
    one, two = (mixer.pop(FRAME * 4, 0.05)[FRAME:] for mixer in (alone, both))
    assert 0.6 < np.abs(one).max() < 0.8
    assert 0.95 < np.abs(two).max() <= 1


def test_one_who_left_is_not_heard_any_more() -> None:
    mixer = Mixer()
    receiver = talker(mixer, 1)
    mixer.pop(FRAME, 0.05)
    mixer.remove(receiver)
    assert not mixer.pop(FRAME, 0.06).any()


def test_encrypted_packets_are_counted_and_not_played() -> None:
    mixer = Mixer()
    receiver = talker(mixer, 1, ENCRYPTED)
    assert not mixer.pop(FRAME * 4, 0.05).any()
    assert receiver.unreadable == 6


def test_a_talker_s_level_is_that_of_his_last_packet_for_a_moment() -> None:
    receiver = talker(Mixer(), 1)
    assert receiver.level(0.1) == 10
    assert receiver.level(1.0) == SILENCE_LEVEL
