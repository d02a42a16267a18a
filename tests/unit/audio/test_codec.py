import numpy as np
import pytest
from sound import speech
from without_libraries import said_without_libraries

from streamer.audio_format import MUSIC_BITRATE, SAMPLES_PER_FRAME, STEREO
from streamer.client.audio.codec import MAX_PAYLOAD_BYTES, Decoder, Encoder
from streamer.client.audio.samples import Samples, silence

LOOK_AHEAD_SAMPLES = 120


def frames(samples: Samples, n_samples: int = SAMPLES_PER_FRAME) -> list[Samples]:
    return [samples[start : start + n_samples] for start in range(0, len(samples) - n_samples + 1, n_samples)]


def likeness(one: Samples, other: Samples) -> float:
    n = min(len(one), len(other))
    return float(np.corrcoef(one[:n], other[:n])[0, 1])


def test_speech_comes_through_two_and_a_half_milliseconds_later() -> None:
    encoder, decoder = Encoder(), Decoder()
    heard = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames(speech())])
    assert likeness(speech(), heard[LOOK_AHEAD_SAMPLES:]) > 0.98


def test_left_and_right_come_through_apart() -> None:
    encoder, decoder = Encoder(MUSIC_BITRATE, channels=STEREO), Decoder()
    said = np.stack((speech()[:96_000], speech(1)[:96_000]), axis=1)
    heard = []
    for frame in frames(said):
        mid = decoder.decode(encoder.encode(frame))
        assert decoder.side is not None
        heard.append((mid + decoder.side, mid - decoder.side))
    left, right = np.concatenate(heard, axis=1)[:, LOOK_AHEAD_SAMPLES:]
    assert likeness(said[:, 0], left) > 0.98
    assert likeness(said[:, 1], right) > 0.98
    assert abs(likeness(said[:, 1], left)) < 0.1


def test_a_talker_may_go_from_mono_to_stereo_and_back() -> None:
    said = frames(speech())[:150]
    mono, stereo, again = Encoder(), Encoder(MUSIC_BITRATE, channels=STEREO), Encoder()
    payloads = [mono.encode(frame) for frame in said[:50]]
    payloads += [stereo.encode(np.stack((frame, 0 * frame), axis=1)) for frame in said[50:100]]
    payloads += [again.encode(frame) for frame in said[100:]]
    decoder, left, right = Decoder(), [], []
    for payload in payloads:
        mid = decoder.decode(payload)
        side = silence(len(mid)) if decoder.side is None else decoder.side
        left.append(mid + side)
        right.append(mid - side)
    assert likeness(np.concatenate(said), np.concatenate(left)[LOOK_AHEAD_SAMPLES:]) > 0.97
    assert np.abs(right[75]).max() < 0.01 * np.abs(left[75]).max()
    np.testing.assert_allclose(right[-1], left[-1], atol=1e-3)


@pytest.mark.parametrize("stereo", [False, True])
def test_a_gap_is_concealed_in_as_many_channels_as_went_before(stereo: bool) -> None:
    encoder, decoder = Encoder(channels=STEREO if stereo else 1), Decoder()
    decoder.decode(encoder.encode(silence(SAMPLES_PER_FRAME, STEREO if stereo else 1)))
    assert len(decoder.conceal(240)) == 240
    assert (None if decoder.side is None else len(decoder.side)) == (240 if stereo else None)


@pytest.mark.parametrize("n_samples", [120, 240, 480, 960, 1920, 2880])
def test_every_duration_that_opus_has_comes_back_as_long_as_it_was(n_samples: int) -> None:
    payload = Encoder(frame_samples=n_samples).encode(speech()[:n_samples])
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert len(Decoder().decode(payload)) == n_samples


def test_a_gap_is_concealed_ever_more_softly() -> None:
    encoder, decoder = Encoder(), Decoder()
    tone = np.sin(np.arange(48_000, dtype=np.float32) * 0.03).astype(np.float32) * 0.5
    for frame in frames(tone)[:50]:
        decoder.decode(encoder.encode(frame))
    concealed = [decoder.conceal(SAMPLES_PER_FRAME) for _ in range(40)]
    assert np.abs(concealed[0]).max() > 0.2
    assert np.abs(concealed[-1]).max() < 0.1


@pytest.mark.parametrize("n_samples", [1, 119, 120, 333, 480, 5_760, 9_000])
def test_a_gap_of_any_length_is_filled_exactly(n_samples: int) -> None:
    assert len(Decoder().conceal(n_samples)) == n_samples


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x03" * 7, bytes(range(256)) * 4])
def test_a_payload_that_is_no_opus_raises_nothing_and_the_next_one_is_heard(payload: bytes) -> None:
    encoder, decoder = Encoder(), Decoder()
    decoder.decode(payload)
    heard = np.concatenate([decoder.decode(encoder.encode(frame)) for frame in frames(speech())])
    assert likeness(speech()[4_800:], heard[4_800 + LOOK_AHEAD_SAMPLES :]) > 0.95


def test_corrupt_payloads_are_counted() -> None:
    decoder = Decoder()
    decoder.decode(b"")
    decoder.decode(b"\xff")
    assert decoder.corrupt == 2


def test_what_was_decoded_stays_when_the_next_is() -> None:
    encoder, decoder = Encoder(), Decoder()
    decoded = [decoder.decode(encoder.encode(frame)) for frame in frames(speech())[20:22]]
    assert not np.array_equal(*decoded)


def test_without_libopus_one_is_told_what_to_install() -> None:
    told = said_without_libraries("from streamer.client.audio import codec; codec.load_opus()")
    assert "Opus codec is missing" in told
    assert "libopus0" in told


def test_silence_costs_almost_nothing() -> None:
    encoder = Encoder()
    assert len([encoder.encode(silence(SAMPLES_PER_FRAME)) for _ in range(50)][-1]) < 30
