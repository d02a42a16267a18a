"""Chirps through the air, in made-up rooms: who plays them back, what is let through, and why there is no
number."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streamer.audio_format import SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.samples import Samples, silence
from streamer.errors import MeasurementError
from streamer.measure import acoustic_path
from streamer.measure.acoustic_path import ChirpMixer, GatedMicrophone, Peer
from streamer.measure.chirps import chirp
from streamer.measure.measuring_client import SETTLE_S


def room(*names: str) -> Any:
    """A client among these members."""
    members = [SimpleNamespace(name=name) for name in names]
    return SimpleNamespace(room=SimpleNamespace(members=members))


def test_chirps_begin_when_the_one_other_member_is_there() -> None:
    client, mixer = room(), ChirpMixer(2, None)
    mixer.playing = False
    peer = Peer(client, mixer)
    peer.look(peer._since + 1)
    assert not mixer.playing
    client.room.members.append(SimpleNamespace(name="Ada"))
    peer.look(peer._since + 2)
    assert (mixer.playing, peer.name) == (True, "Ada")


def test_a_peer_who_leaves_in_the_middle_leaves_no_number() -> None:
    client, mixer = room("Ada"), ChirpMixer(2, None)
    mixer.playing = False
    peer = Peer(client, mixer)
    peer.look(0)
    client.room.members.clear()
    with pytest.raises(MeasurementError, match="Ada left during"):
        peer.look(1)


def test_alone_one_is_told_to_join_with_another_device_after_ten_seconds() -> None:
    mixer = ChirpMixer(2, None)
    mixer.playing = False
    peer = Peer(room(), mixer)
    with pytest.raises(MeasurementError, match="Nobody else is in this room"):
        peer.look(peer._since + 11)


def test_two_who_would_play_the_chirps_back_are_one_too_many() -> None:
    with pytest.raises(MeasurementError, match="Ada, Joan would all play the chirps back"):
        Peer(room("Ada", "Joan"), ChirpMixer(2, None)).look(0)


def test_the_loudspeaker_chirps_after_all_has_settled_and_says_so_before() -> None:
    mixer = ChirpMixer(1, None)
    played, warned_at = [], None
    for block in range(round(mixer.duration_s * 200)):
        played.append(mixer.pop(240, block / 200))
        if mixer.about_to_chirp and warned_at is None:
            warned_at = block * 240
    loud = np.flatnonzero(np.abs(np.concatenate(played)) > 0.1)
    assert warned_at is not None
    assert loud[0] > SETTLE_S * SAMPLE_RATE
    assert warned_at < loud[0]


class HeardMicrophone:
    """A Microphone that hears `samples`."""

    name = "made up"
    latency_s = 0.01

    def __init__(self, samples: Samples) -> None:
        self._frames = [
            (at, samples[at : at + SAMPLES_PER_FRAME]) for at in range(0, len(samples), SAMPLES_PER_FRAME)
        ]
        self.start = self.wait_s = self.captured_at = self.close = lambda *_: None

    def pop(self, now: float, n_samples: int = SAMPLES_PER_FRAME) -> tuple[int, Samples] | None:
        return self._frames.pop(0) if self._frames else None


def test_a_chirp_is_sent_once_and_not_again_when_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = silence(SAMPLE_RATE)
    for place, gain in ((9_600, 1.0), (9_600 + 3_840, 0.5)):
        heard[place : place + len(chirp())] += gain * chirp()
    monkeypatch.setattr(acoustic_path, "Microphone", lambda device: HeardMicrophone(heard))
    microphone = GatedMicrophone(None)
    microphone.open(0.0)
    sent = []
    while frame := microphone.pop(0.1):
        sent.append(float(np.abs(frame[1]).max()))
    loud = [number for number, peak in enumerate(sent) if peak > 0.01]
    assert loud[0] >= 20
    assert loud[-1] <= 24
    assert np.array_equal(microphone.heard, heard)
