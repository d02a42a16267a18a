import threading

import numpy as np

from streamer.client.audio.sample_ring import Ring
from streamer.client.audio.samples import Samples


def count(start: int, n_samples: int) -> Samples:
    return np.arange(start, start + n_samples, dtype=np.float32)


def test_samples_come_out_in_order_whatever_the_sizes() -> None:
    ring = Ring(10)
    pushed, popped = 0, []
    for n in (3, 4, 6, 1, 7, 5, 2, 6):
        ring.push(count(pushed, n))
        pushed += n
        while (block := ring.pop(2)) is not None:
            popped.extend(block)
    assert popped == list(range(pushed))


def test_left_and_right_come_out_side_by_side() -> None:
    ring = Ring(10, channels=2)
    for start in range(0, 30, 6):
        ring.push(count(2 * start, 12).reshape(6, 2))
        block = ring.pop(6)
        assert block is not None
        np.testing.assert_array_equal(block, count(2 * start, 12).reshape(6, 2))


def test_nothing_is_popped_until_there_is_enough() -> None:
    ring = Ring(10)
    ring.push(count(0, 3))
    assert ring.pop(4) is None
    assert ring.level_samples == 3


def test_what_finds_no_room_is_counted_and_the_rest_stays_whole() -> None:
    ring = Ring(10)
    ring.push(count(0, 8))
    ring.push(count(8, 3))
    assert ring.overrun_samples == 3
    assert np.array_equal(ring.pop(8), count(0, 8))  # type: ignore[arg-type]


def test_skipping_forgets_the_oldest_and_never_more_than_there_is() -> None:
    ring = Ring(10)
    ring.push(count(0, 6))
    ring.skip(4)
    assert np.array_equal(ring.pop(2), count(4, 2))  # type: ignore[arg-type]
    ring.skip(100)
    assert ring.level_samples == 0


def test_two_threads_share_it_without_losing_a_sample() -> None:
    ring, total = Ring(2_400), 240 * 2_000

    def push() -> None:
        for start in range(0, total, 240):
            while ring.level_samples > 2_000:
                pass
            ring.push(count(start, 240))

    thread = threading.Thread(target=push)
    thread.start()
    for start in range(0, total, 480):
        while (block := ring.pop(480)) is None:
            pass
        assert block[0] == start
        assert block[-1] == start + 479
    thread.join()
    assert ring.overrun_samples == 0
