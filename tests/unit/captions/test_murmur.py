"""What nobody said is no caption: noise, music, the murmur of a room; and whoever talks in it is still
written down."""

import numpy as np
import pytest
from caption_engine import packets, talkspurts
from librivox import ENGLISH, RATE, Sentence, errors, sentences
from noises import NOISES, murmur_of, noises
from scipy.signal import resample_poly
from test_captioner import needs_english

from streamer.captions import models
from streamer.captions.engine import RATE as CAPTIONS_RATE
from streamer.captions.murmur import LEAST_IN_COMMON, in_common, is_doubtful, is_murmur, loudness_range_db
from streamer.captions.recognition import proper
from streamer.captions.sherpa import load_engine
from streamer.captions.talker import Talker
from streamer.client.audio.samples import Samples

MOST_WORDS_A_MINUTE = 1
SECONDS = 130.0
MOST_ERRORS = 0.1

pytestmark = needs_english


def murmur(talkers: int, seconds: float, seed: int) -> Samples:
    made = murmur_of(talkers)(int(seconds * 48_000), np.random.default_rng(seed))
    return np.asarray(resample_poly(made, 1, 3), dtype=np.float32)


@pytest.mark.parametrize("talkers", [8, 12, 20])
@pytest.mark.parametrize("seconds", [1.0, 4.0, 12.0])
def test_many_voices_at_once_are_a_murmur(talkers: int, seconds: float) -> None:
    assert [seed for seed in range(10) if not is_murmur(murmur(talkers, seconds, seed))] == []


@pytest.mark.parametrize("noise_db", [-60, -20, -10, -5])
@pytest.mark.parametrize("kind", ["murmur", "fan", "room"])
@pytest.mark.parametrize(
    "sentence", sentences() if ENGLISH.exists() else [], ids=lambda sentence: sentence.path.stem
)
def test_who_talks_is_none_however_loud_the_room_is(sentence: Sentence, kind: str, noise_db: float) -> None:
    """Up to 5 dB softer than the voice."""
    assert RATE == CAPTIONS_RATE
    voice = sentence.samples
    made = np.asarray(resample_poly(NOISES[kind](3 * len(voice), np.random.default_rng(5)), 1, 3))[
        : len(voice)
    ]
    level = np.sqrt(np.mean(np.square(voice))) * 10 ** (noise_db / 20)
    together = voice + made * level / np.sqrt(np.mean(np.square(made)))
    assert not is_murmur(np.asarray(together, dtype=np.float32))


def test_a_word_between_silences_and_what_is_too_short_are_none() -> None:
    word = sentences()[0].samples[RATE : RATE + 8_000]
    assert not is_murmur(np.concatenate((np.zeros(4_000, np.float32), word, np.zeros(4_000, np.float32))))
    assert not is_murmur(np.zeros(0, dtype=np.float32))
    assert not is_murmur(np.ones(700, dtype=np.float32))


@pytest.mark.parametrize(
    ("words", "others", "share"),
    [
        ("", "", 1.0),
        ("Yes.", "yes", 1.0),
        ("Stop!", "Step.", 0.0),
        ("", "Anything.", 0.0),
        ("He was ill-disposed.", "He was ill disposed", 1.0),
        ("Don\u2019t stop.", "dont stop", 1.0),
        ("one two three four", "four three two one", 0.25),
        ("one two three four", "two three four", 0.75),
        ("war war war war", "war", 0.25),
        ("\u00a1S\u00ed, se\u00f1or!", "s\u00ed se\u00f1or", 1.0),
        ("...", "!", 1.0),
    ],
)
def test_words_are_in_common_where_they_come_in_both_in_the_same_order(
    words: str, others: str, share: float
) -> None:
    assert in_common(words, others) == in_common(others, words) == share


def in_noise(samples: Samples, snr_db: float) -> Samples:
    """That of a fan."""
    n = len(samples)
    noise = np.asarray(resample_poly(NOISES["fan"](3 * n, np.random.default_rng(5)), 1, 3), dtype=np.float32)[
        :n
    ]
    level = np.sqrt(np.mean(np.square(samples)) / np.mean(np.square(noise))) * 10 ** (-snr_db / 20)
    return np.asarray(samples + noise * level, dtype=np.float32)


@pytest.mark.parametrize("level_db", [0, -20], ids=["near", "soft"])
def test_whoever_talks_in_noise_is_recognised_twice_and_written_down(level_db: float) -> None:
    engine = load_engine(models.find_model(ENGLISH), ENGLISH / models.VAD, 1)
    recogniser, wrong, said = engine.recogniser, 0, 0
    for sentence in sentences():
        noisy = in_noise(sentence.samples, 15) * np.float32(10 ** (level_db / 20))
        assert is_doubtful(noisy, loudness_range_db(noisy))
        found = errors(sentence.words, recogniser.recognise(noisy))
        wrong, said = wrong + found[0], said + found[1]
    assert wrong <= MOST_ERRORS * said


def test_a_single_word_in_the_noise_of_a_fan_is_taken_at_its_first_hearing() -> None:
    word = sentences()[0].samples[RATE : RATE + 8_000]
    around = np.zeros(RATE // 4, np.float32)
    noisy = in_noise(np.concatenate((around, word, around)), 15)
    assert not is_doubtful(noisy, loudness_range_db(noisy))
    many = murmur(3, 1, seed=3)
    assert is_doubtful(many, loudness_range_db(many))


def test_what_comes_out_otherwise_the_second_time_is_nothing() -> None:
    assert 0 < LEAST_IN_COMMON < 1
    engine = load_engine(models.find_model(ENGLISH), ENGLISH / models.VAD, 1)
    for talkers in (2, 3, 4):
        assert not is_murmur(murmur(talkers, 6, seed=3))
        assert engine.recogniser.recognise(murmur(talkers, 6, seed=3)) == ""


def test_noise_murmur_and_music_make_no_more_than_one_word_a_minute() -> None:
    engine = load_engine(models.find_model(ENGLISH), ENGLISH / models.VAD, 1)
    lines = {}
    for name, samples in noises(SECONDS).items():
        found = talkspurts(Talker(engine.detector()), packets(samples))
        lines[name] = [proper(engine.recogniser.recognise(each.samples), each.duration_s) for each in found]
    words = " ".join(line for each in lines.values() for line in each).split()
    assert len(words) <= MOST_WORDS_A_MINUTE * SECONDS / 60, lines
