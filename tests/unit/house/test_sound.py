"""The measures themselves: what they must accept, what they must not, and how exact they are."""

import numpy as np
import opuslib
import pytest
from scipy.signal import butter, resample_poly, sosfilt
from sound import ALIKE_AMONG_OTHERS, SAMPLE_RATE, Samples, chirp_delays_ms, chirps, hear, level_dbfs, speech

DELAY_MS = 123.4


def later(samples: Samples, delay_ms: float = DELAY_MS) -> Samples:
    silence = np.zeros(int(delay_ms * SAMPLE_RATE / 1000), np.float32)
    return np.concatenate([silence, samples.astype(np.float32), np.zeros(SAMPLE_RATE, np.float32)])


def through_opus(samples: Samples, bitrate: int) -> Samples:
    encoder = opuslib.Encoder(SAMPLE_RATE, 1, opuslib.APPLICATION_RESTRICTED_LOWDELAY)
    encoder.bitrate = bitrate
    decoder = opuslib.Decoder(SAMPLE_RATE, 1)
    blocks = (samples * 32767).astype("<i2")[: len(samples) // 480 * 480].reshape(-1, 480)
    decoded = b"".join(decoder.decode(encoder.encode(block.tobytes(), 480), 480) for block in blocks)
    return np.frombuffer(decoded, "<i2").astype(np.float32) / 32768


def gain_controlled(samples: Samples) -> Samples:
    return samples * np.interp(
        np.arange(len(samples)), np.linspace(0, len(samples), 6), [0.2, 1, 0.4, 1.5, 0.3, 1]
    )


def noise_suppressed(samples: Samples) -> Samples:
    loudness = np.convolve(np.abs(samples), np.ones(480) / 480, "same")
    return np.where(loudness > 0.01, samples, 0)


def telephone(samples: Samples) -> Samples:
    return sosfilt(butter(4, [300, 3_400], "bandpass", fs=SAMPLE_RATE, output="sos"), samples)


def with_losses(samples: Samples) -> Samples:
    kept = np.random.default_rng(1).random(len(samples) // 480 + 1) > 0.05
    return samples * np.repeat(kept, 480)[: len(samples)]


CHANGES = {
    "nothing": lambda samples: samples,
    "Opus at 64 kb/s": lambda samples: through_opus(samples, 64_000),
    "Opus at 24 kb/s": lambda samples: through_opus(samples, 24_000),
    "gain control": gain_controlled,
    "noise suppression": noise_suppressed,
    "a telephone's bandwidth": telephone,
    "34 dB less": lambda samples: samples * 0.02,
    "clipping": lambda samples: np.clip(samples * 6, -0.5, 0.5),
    "one packet in twenty lost": with_losses,
    "all of a browser": lambda samples: gain_controlled(
        noise_suppressed(telephone(through_opus(samples, 24_000)))
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_voice_is_alike_after(change):
    heard = hear(speech(), later(CHANGES[change](speech())))
    assert heard.likeness > 0.8
    assert heard.delay_ms == pytest.approx(DELAY_MS, abs=8)  # a codec and filters have a delay of their own


@pytest.mark.parametrize("stretched_ms", [20, 40, 80])
def test_the_same_voice_is_alike_where_a_jitter_buffer_stretched_it(stretched_ms):
    samples, count = speech(), stretched_ms // 10
    places = [len(samples) * number // (count + 1) for number in range(1, count + 1)]
    pieces = np.split(samples, places)
    stretched = np.concatenate([np.concatenate([piece, piece[-480:]]) for piece in pieces])
    assert hear(samples, later(stretched)).likeness > 0.85


def shuffled(samples: Samples, block_ms: int) -> Samples:
    size = block_ms * SAMPLE_RATE // 1000
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    return np.random.default_rng(2).permutation(blocks).ravel()


def half_lost(samples: Samples, block_ms: int) -> Samples:
    size = block_ms * SAMPLE_RATE // 1000
    blocks = samples[: len(samples) // size * size].reshape(-1, size).copy()
    blocks[::2] = 0
    return blocks.ravel()


def noise(samples: Samples) -> Samples:
    return np.random.default_rng(3).standard_normal(len(samples)) * 0.1


def noise_as_loud_as(samples: Samples) -> Samples:
    return noise(samples) * np.convolve(np.abs(samples), np.ones(960) / 96, "same")


OTHERS = {
    "silence": lambda samples: samples * 0,
    "the noise of 16 bits": lambda samples: noise(samples) / 3_000,
    "noise": noise,
    "noise with the loudness of the speech": noise_as_loud_as,
    "a tone": lambda samples: 0.3 * np.sin(np.arange(len(samples)) * 0.05),
    "the same backwards": lambda samples: samples[::-1],
    "someone else": lambda samples: speech(1),
    "another sentence": lambda samples: speech(3),
    "packets in disorder": lambda samples: shuffled(samples, 10),
    "words in disorder": lambda samples: shuffled(samples, 200),
    "every second packet missing": lambda samples: half_lost(samples, 10),
    "gaps of 100 ms": lambda samples: half_lost(samples, 100),
    "the second half missing": lambda samples: samples[: len(samples) // 2],
    "a tenth too fast": lambda samples: resample_poly(samples, 9, 10),
}


@pytest.mark.parametrize("other", OTHERS)
def test_not_alike_is(other):
    heard = hear(speech(), later(OTHERS[other](speech())))
    assert heard.likeness < 0.7
    assert not heard.alike


def test_speech_is_told_from_speech_for_all_speakers():
    likeness = [[hear(speech(one), later(speech(other))).likeness for one in range(4)] for other in range(4)]
    assert np.diag(likeness).min() > 0.9
    assert (np.array(likeness) - np.eye(4)).max() < 0.35


def test_two_who_speak_at_once_are_both_heard():
    length = min(len(speech(0)), len(speech(1)))
    together = later(speech(0)[:length] + 0.3 * speech(1)[:length])
    assert hear(speech(0)[:length], together).alike


def test_a_voice_among_two_as_loud_as_each_other_is_told_from_one_that_is_missing():
    length = min(len(speech(0)), len(speech(1)))
    for delay_ms in (0, 50, 100, 200, 300):
        other = later(speech(1), delay_ms)[:length]
        assert hear(speech(0)[:length], speech(0)[:length] + other).likeness > 1.3 * ALIKE_AMONG_OTHERS
        assert hear(speech(0)[:length], other).likeness < 0.7 * ALIKE_AMONG_OTHERS


def test_a_recording_shorter_than_the_speech_is_not_alike():
    assert not hear(speech(), speech()[:SAMPLE_RATE]).alike
    assert not hear(speech(), speech()[:0]).alike


def test_the_delay_of_speech_is_exact_to_a_sample():
    assert hear(speech(2), later(speech(2), 61.25)).delay_ms == 61.25


def test_level_is_the_loudest_moments():
    assert level_dbfs(np.zeros(SAMPLE_RATE)) < -100
    assert level_dbfs(later(np.sin(np.arange(SAMPLE_RATE) * 0.1))) == pytest.approx(-3, abs=0.1)


def test_chirps_give_each_delay_through_opus_and_noise():
    sent = later(chirps(8), 10)
    received = later(through_opus(chirps(8), 64_000) * 0.1, 10 + 37.5)
    received += 0.002 * np.random.default_rng(4).standard_normal(len(received)).astype(np.float32)
    delays = chirp_delays_ms(sent, received)
    assert delays == pytest.approx([37.5 + 2.5] * 8, abs=0.1)  # 2.5 ms is the codec's own


def test_a_chirp_that_got_lost_gives_no_delay():
    received = later(chirps(4), 20)
    received[: SAMPLE_RATE // 4] = 0
    assert chirp_delays_ms(later(chirps(4), 0), received) == [20.0] * 3
    assert chirp_delays_ms(later(chirps(4), 0), np.zeros(SAMPLE_RATE * 2, np.float32)) == []
