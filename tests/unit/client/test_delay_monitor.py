"""Two members of a room and their relay, in made-up time: the listener's figure is the delay that was made
up."""

import pytest

from streamer.client.delay.delay_monitor import DelayMonitor, to_us
from streamer.client.delay.mouth_to_ear import Figure
from streamer.client.ears import Ear, Ears
from streamer.client.events import Member
from streamer.client.receiver import Receiver
from streamer.wire.control import Message
from streamer.wire.packet import Packet

RELAY_AHEAD_S = 1_000.0
TALKER_AHEAD_S = -50.0
TALKER = 3


DEVICE_S = 0.008
"""What the talker's microphone takes, by its own word."""


def captured_at(position: int) -> float:
    """By the talker's clock."""
    return TALKER_AHEAD_S + position / 48_000


def listener_of_a_talker() -> tuple[Ears, Ear, DelayMonitor]:
    ears = Ears()
    ear = ears.open([Member(TALKER, "Ada")], stereo=False)
    return ears, ear, DelayMonitor(ears)


def figure_of(ear: Ear, now: float) -> Figure:
    """The talker's, at a made-up time."""
    receiver = ear.receiver(TALKER)
    assert receiver
    return receiver.mouth_to_ear.snapshot(to_us(now))


def pinged(
    timing: DelayMonitor, ahead_s: float, relay_ahead_s: float = RELAY_AHEAD_S, at: float = 0.0
) -> None:
    """One ping at true time `at`, a millisecond each way, by a clock that is `ahead_s` of the truth."""
    relay = to_us(at + relay_ahead_s + 0.001)
    pong = {"t0": timing.ping(at + ahead_s)["t0"], "t1": relay, "t2": relay}
    timing.on_pong(pong, at + ahead_s + 0.002)


def relayed(message: Message, received: float, relayed: float) -> Message:
    times = {"received_us": to_us(received + RELAY_AHEAD_S), "relayed_us": to_us(relayed + RELAY_AHEAD_S)}
    return {**message, **times, "talker_id": TALKER}


def heard(
    output_s: float | None = 0.012, device_s: float | None = DEVICE_S, network_s: float = 0.003
) -> Figure:
    ears, ear, listener = listener_of_a_talker()
    talker = DelayMonitor(Ears())
    pinged(talker, TALKER_AHEAD_S)
    pinged(listener, 0.0)
    for position in range(0, 4_800, 480):
        sent = position / 48_000 + 0.019
        arrived = sent + network_s + 0.0001 + 0.002
        packet = Packet(seq=0, timestamp=position, payload=b"x", talker_id=TALKER)
        ears.push(packet, arrived)
        message = talker.clock_message(position, captured_at(position), device_s, sent + TALKER_AHEAD_S)
        if message:
            listener.on_clock(relayed(message, sent + network_s, sent + network_s + 0.0001), arrived)
        receiver = ear.receiver(TALKER)
        assert receiver
        receiver._playout = position, arrived + 0.040
        ear.note_playout(output_s)
    return figure_of(ear, 0.2)


def test_the_figure_is_the_delay_and_its_parts_are_the_parts() -> None:
    figure = heard()
    assert figure.total_ms
    assert figure.total_ms.p50 == pytest.approx(19 + 3 + 0.1 + 2 + 40 + 12 + 2.5, abs=0.1)
    assert figure.complete
    assert figure.error_ms == pytest.approx(2, abs=0.1)
    parts = {part: known.ms and known.ms.p50 for part, known in figure.parts.items()}
    wanted = {"capture": 8, "encode": 13.5, "up": 3, "relay": 0.1, "down": 2, "buffer": 40, "output": 12}
    assert parts == pytest.approx(wanted, abs=0.1)


def test_a_network_slower_by_37_ms_shows_as_37_ms() -> None:
    slow, quick = heard(network_s=0.040), heard()
    assert slow.parts["up"].ms
    assert quick.parts["up"].ms
    assert slow.parts["up"].ms.p50 - quick.parts["up"].ms.p50 == pytest.approx(37, abs=0.1)


def test_devices_that_say_nothing_make_the_figure_a_lower_bound() -> None:
    figure = heard(output_s=None, device_s=None)
    assert not figure.complete
    assert {part for part, known in figure.parts.items() if known.status == "unknown"} == {
        "capture",
        "output",
    }


def test_a_talker_tells_his_clock_with_the_first_packet_and_then_twice_a_second() -> None:
    talker = DelayMonitor(Ears())

    def tells(number: int) -> bool:
        position = number * 480
        return talker.clock_message(position, captured_at(position), DEVICE_S, number / 100) is not None

    assert not tells(0), "he doesn't know the relay's clock yet"
    pinged(talker, TALKER_AHEAD_S)
    assert [number for number in range(200) if tells(number)] == [0, 50, 100, 150]
    talker.tell_soon()
    assert tells(200), "another microphone is on a line of its own"


def listener_who_knows_the_clock() -> tuple[Ear, Receiver, DelayMonitor, Message]:
    """One who hears a talker whose first `clock` message has come; that message as it was sent is the
    last."""
    _, ear, listener = listener_of_a_talker()
    pinged(listener, 0.0)
    receiver = ear.receiver(TALKER)
    assert receiver
    message: Message = {
        "timestamp": 0,
        "server_us": to_us(RELAY_AHEAD_S),
        "device_us": 0,
        "sent_us": 0,
        "error_us": 0,
    }
    listener.on_clock(relayed(message, 0.01, 0.01), 0.012)
    return ear, receiver, listener, message


def test_when_the_listener_s_clock_jumps_no_false_number_stays() -> None:
    ear, receiver, listener, _ = listener_who_knows_the_clock()
    receiver._playout = 0, 0.05
    ear.note_playout(0.01)
    assert figure_of(ear, 0.1).total_ms
    pinged(listener, -600.0, at=1.0)
    assert figure_of(ear, 0.1).total_ms is None


def test_times_at_which_nothing_can_have_happened_leave_the_figure_alone() -> None:
    ear, receiver, listener, message = listener_who_knows_the_clock()
    for field in ("server_us", "relayed_us", "received_us", "device_us", "error_us"):
        for wrong in (2**53 - 1, -(2**53) + 1):
            listener.on_clock({**relayed(message, 0.01, 0.01), field: wrong}, 0.013)
    receiver._playout = 0, 0.05
    ear.note_playout(0.01)
    total_ms = figure_of(ear, 0.1).total_ms
    assert total_ms
    assert total_ms.p95 < 100
