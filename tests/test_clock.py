from streamer.client.clock import WINDOW, RelayClock


def test_before_the_first_pong_nothing_is_known() -> None:
    clock = RelayClock()
    assert clock.relay_us(1_000) is None
    assert clock.round_trip_us is None


def test_the_offset_is_taken_from_the_ping_that_was_disturbed_least() -> None:
    clock = RelayClock()
    ahead = 5_000_000
    clock.pong(0, ahead + 40_000, ahead + 40_100, 42_100)  # 40 ms up, 2 ms down
    clock.pong(1_000_000, ahead + 1_001_000, ahead + 1_001_050, 1_002_050)  # 1 ms up, 1 ms down
    clock.pong(2_000_000, ahead + 2_001_000, ahead + 2_001_000, 2_031_000)  # 1 ms up, 30 ms down
    assert clock.relay_us(10_000_000) == 10_000_000 + ahead
    assert clock.round_trip_us == 31_000


def test_an_old_ping_counts_no_more() -> None:
    clock = RelayClock()
    clock.pong(0, 100, 100, 0)
    for at in range(1, WINDOW + 1):
        clock.pong(at * 1_000, at * 1_000 + 505, at * 1_000 + 505, at * 1_000 + 10)
    assert clock.relay_us(0) == 500
