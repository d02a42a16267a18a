import numpy as np

from streamer.client.audio.codec import Encoder
from streamer.client.mixer import Mixer, StereoMixer
from streamer.client.receiver import Receiver
from streamer.wire.packet import ENCRYPTED, Packet

FRAME = 480
TONE = (np.sin(np.arange(FRAME * 40) * 2 * np.pi * 10 / FRAME) * 0.7).astype(np.float32)  # 1 kHz


def packets(flags: int = 0, right: float | None = None) -> list[Packet]:
    """The tone in mono; or in stereo, `right` as loud on the right as on the left."""
    encoder = Encoder() if right is None else Encoder(channels=2)
    tone = TONE if right is None else np.stack((TONE, np.float32(right) * TONE), axis=1)
    frames = tone.reshape(-1, FRAME, *tone.shape[1:])
    return [
        Packet(n, n * FRAME, encoder.encode(frame), level=10, flags=flags) for n, frame in enumerate(frames)
    ]


def talker(mixer: Mixer, talker_id: int, flags: int = 0, right: float | None = None) -> Receiver:
    receiver = Receiver(talker_id, "Ada")
    mixer.add(receiver)
    for number, packet in enumerate(packets(flags, right)[:6]):
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
    assert 0.9 < np.abs(two).max() < 1


def test_in_stereo_a_talker_is_where_he_plays_and_one_in_mono_in_the_middle() -> None:
    apart, middle = StereoMixer(), StereoMixer()
    talker(apart, 1, right=0.1)
    talker(middle, 1)
    one, other = (np.abs(mixer.pop(FRAME * 4, 0.05)[FRAME:]).max(axis=0) for mixer in (apart, middle))
    assert one[0] > 0.6
    assert 0.05 < one[1] < 0.1
    assert 0.6 < other[0] == other[1]


def test_with_one_loudspeaker_the_mean_of_left_and_right_is_heard() -> None:
    mixer = Mixer()
    talker(mixer, 1, right=-1)
    assert np.abs(mixer.pop(FRAME * 4, 0.05)[FRAME:]).max() < 0.05


def test_stereo_is_turned_down_on_both_sides() -> None:
    mixer = StereoMixer()
    talker(mixer, 1, right=0.5).gain = 0.5
    loudest = np.abs(mixer.pop(FRAME * 4, 0.05)[FRAME:]).max(axis=0)
    assert 0.3 < loudest[0] < 0.4
    assert 0.15 < loudest[1] < 0.2


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
