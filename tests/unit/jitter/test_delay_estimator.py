"""A delay estimate's test is a list of (arrival, timestamp): how late, and what target follows."""

import emodel
import network_traces
import numpy as np
import pytest

from streamer.jitter.delay_estimator import DelayEstimator
from streamer.jitter.windowed_minimum import WindowedMinimum


def fed(trace: network_traces.Trace, estimator: DelayEstimator | None = None) -> DelayEstimator:
    estimator = estimator or DelayEstimator()
    for i, ms in enumerate(trace.arrival_ms):
        estimator.update(ms, i * 480)
    return estimator


def test_the_least_value_is_that_of_the_last_one_to_two_windows():
    least = WindowedMinimum(100)
    values = [(0, 5.0), (50, 3.0), (120, 9.0), (240, 8.0), (340, 7.0)]
    assert [least.update(*value) for value in values] == [5, 3, 3, 8, 7]


def test_a_new_talker_starts_above_the_floor_and_a_clean_link_brings_it_down_within_three_seconds():
    assert DelayEstimator().wait_ms == 31
    assert fed(network_traces.clean(0, 3000)).wait_ms <= 3


NETWORKS = [
    network_traces.good_wifi,
    network_traces.busy_wifi,
    network_traces.stalls(150),
    network_traces.stalls(300),
    network_traces.drift(300),
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network(0, 1_000).name)
def test_the_model_rates_the_wait_nearly_as_high_as_the_best_and_no_wait_that_is_much_shorter(network):
    trace = network(1, 60_000)
    wait_ms = fed(trace).wait_ms
    best = max(rating(trace, tried) for tried in range(1, 321))
    assert rating(trace, wait_ms) > 0.95 * best
    assert rating(trace, 0.7 * wait_ms) < 0.985 * best


def rating(trace: network_traces.Trace, wait_ms: float) -> float:
    """R of the E-model, where what comes later than `wait_ms` is missing, in bursts."""
    late = float(np.mean(trace.relative_ms > wait_ms))
    return emodel.rating(np.array([wait_ms]), late, np.inf)


def test_it_waits_for_stalls_that_come_often_and_not_for_a_rare_one():
    often = fed(network_traces.stalls(150)(2, 60_000)).wait_ms
    once = network_traces.through_link("", np.random.default_rng(2), 60_000, 2.5, [(30_000, 150)])
    assert often > 80
    assert fed(once).wait_ms < 40


def test_what_holds_a_page_up_while_it_starts_is_soon_forgotten():
    starting = [(800, 150), (1500, 80)]
    trace = network_traces.through_link("", np.random.default_rng(3), 30_000, 0.2, starting)
    estimator = DelayEstimator()
    waits = [estimator.update(ms, i * 480) and estimator.wait_ms for i, ms in enumerate(trace.arrival_ms)]
    assert waits[199] > 100
    assert waits[1_800] < 5


def test_one_stall_of_a_second_hardly_moves_the_target_of_a_talker_who_is_known():
    estimator = fed(network_traces.good_wifi(2, 60_000))
    before = estimator.wait_ms
    for i in range(100):
        estimator.update(61_000 + i * 0.05, (6000 + i) * 480)
    assert estimator.wait_ms <= before + 40


def test_what_is_said_before_a_talkspurt_is_noticed_does_not_count_as_delay():
    estimator = fed(network_traces.clean(3, 10_000))
    before = estimator.wait_ms
    for spurt in range(1, 30):
        first = 1000 + spurt * 200
        for i in range(20):  # 200 ms of pre-roll, all at once
            estimator.update((first + 20) * 10.0 + i * 0.01, (first + i) * 480, i == 0)
        for i in range(20, 100):
            estimator.update((first + i) * 10.0 + 1, (first + i) * 480)
    assert estimator.wait_ms <= before + 1


@pytest.mark.parametrize("ppm", [-300, 300])
def test_sound_cards_that_drift_do_not_move_the_target(ppm):
    assert (
        fed(network_traces.through_link("", np.random.default_rng(0), 120_000, 0.2, [], ppm)).wait_ms <= 5
    )


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_a_talkers_new_clock_is_taken_over_at_once(step_ms):
    estimator = fed(network_traces.clean(4, 5000))
    timestamp = 500 * 480 + step_ms * 48
    assert estimator.update(5001.0, timestamp) == 0
    assert estimator.update(5014.0, timestamp + 480) == pytest.approx(3)
    assert estimator.base_ms == pytest.approx(5001 - timestamp / 48)
