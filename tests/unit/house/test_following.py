"""The following of a voice itself: what it must find whatever a machine does, and what it must not."""

import numpy as np
import pytest
from following import CODE_RMS, Followed, code, follow, louder_db
from sound import SAMPLE_RATE, Samples
from test_sound import through_opus

SAID = code(0, 3)
PACKET = 480
DELAY = 5_000


def later(samples: Samples, delay: int = DELAY) -> Samples:
    return np.concatenate(
        (np.zeros(delay, np.float32), samples.astype(np.float32), np.zeros(SAMPLE_RATE, np.float32))
    )


def followed(samples: Samples) -> Followed:
    return follow(SAID, later(samples))


def without(samples: Samples, lost: range) -> Samples:
    packets = samples[: len(samples) // PACKET * PACKET].reshape(-1, PACKET).copy()
    packets[[number for number in lost if number < len(packets)]] = 0
    return packets.ravel()


def test_a_voice_through_the_codec_is_whole_and_its_delay_and_loudness_are_known() -> None:
    heard = followed(0.5 * through_opus(SAID, 64_000))
    assert heard.coverage() > 0.98
    assert heard.delay_ms == pytest.approx(DELAY / 48 + 2.5, abs=0.5)  # 2.5 ms is the codec's own
    assert heard.gain_db == pytest.approx(-6, abs=0.5)
    assert heard.repeated == 0
    assert heard.longest_unbroken_ms > 1_000


@pytest.mark.parametrize(
    "other", [code(1, 3), 0 * SAID, SAID[::-1]], ids=["another's", "silence", "backwards"]
)
def test_nothing_is_found_in(other: Samples) -> None:
    assert followed(other).coverage() == 0


def test_single_excerpts_a_second_apart_are_no_voice() -> None:
    single = 0 * SAID
    for at in (0, SAMPLE_RATE, 2 * SAMPLE_RATE):
        single[at : at + 2 * PACKET] = SAID[at : at + 2 * PACKET]
    assert follow(SAID, later(single, 4 * PACKET)).coverage() == 0


def test_a_voice_among_two_as_loud_as_each_other_is_found() -> None:
    heard = followed(SAID + code(1, 3))
    assert heard.coverage() > 0.95
    assert abs(louder_db(heard, later(code(1, 3), 0)[: len(SAID)])) < 60


def test_what_a_jitter_buffer_stretches_and_a_machine_drops_leaves_the_rest_known() -> None:
    pieces = np.split(SAID, range(SAMPLE_RATE // 4, len(SAID), SAMPLE_RATE // 4))
    moved = [
        np.concatenate((piece[480:], piece[-960:])) if at % 2 else piece[2_400:]
        for at, piece in enumerate(pieces)
    ]
    assert follow(SAID, later(np.concatenate(moved), SAMPLE_RATE)).coverage() > 0.6


@pytest.mark.parametrize("first", range(0, 10, 3))
def test_every_tenth_packet_that_is_missing_leaves_no_long_passage_unbroken(first: int) -> None:
    heard = followed(without(through_opus(SAID, 64_000), range(first, 10_000, 10)))
    assert heard.coverage() > 0.7
    assert heard.longest_unbroken_ms <= 95


def test_pauses_of_a_machine_leave_long_passages_unbroken() -> None:
    lost = [number for number in range(300) if number % 100 < 14]
    samples = through_opus(SAID, 64_000)
    for number in lost:
        samples = without(samples, range(number, number + 1))
    assert followed(samples).longest_unbroken_ms > 500


def test_what_comes_twice_is_noticed() -> None:
    assert followed(np.concatenate((SAID[:SAMPLE_RATE], SAID[:SAMPLE_RATE]))).repeated > 0.3


def test_coverage_asks_only_for_what_was_said_in_between() -> None:
    heard = followed(np.concatenate((SAID[:SAMPLE_RATE], 0 * SAID[SAMPLE_RATE:])))
    assert heard.coverage(0, SAMPLE_RATE // 2) > 0.95
    assert heard.coverage(2 * SAMPLE_RATE) == 0
    assert np.sqrt(np.square(SAID).mean()) == pytest.approx(CODE_RMS, rel=0.05)
