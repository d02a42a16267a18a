"""The parser and builder of WebSocket frames, section by section of RFC 6455."""

import itertools
import os
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rfc6455_oracle import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, parse

from streamer.websocket.frames import FrameParser, serialize_frame
from streamer.websocket.violations import FAILURES

LIMIT = 1 << 20
LEAST_ROUNDS = 100
"""However slow the machine."""
FUZZ_S = float(os.environ.get("STREAMER_FUZZ_S", 60 if os.environ.get("CI") else 5))


def outcome(data, *, chunk=None, from_client=True, limit=LIMIT):
    """The messages and the cause of failure that the compiled parser finds in `data`, fed `chunk` bytes at a
    time."""
    parser = FrameParser(from_client=from_client, max_message_bytes=limit)
    messages = []
    for start in range(0, len(data), chunk or len(data) or 1):
        messages += parser.parse(data[start : start + (chunk or len(data))])
    return messages, FAILURES[parser.failure].cause if parser.failure else None


def both(*frames, **options):
    """The outcome of the frames at once and byte by byte, which must be the same."""
    data = b"".join(frame if isinstance(frame, bytes) else frame.serialize() for frame in frames)
    at_once = outcome(data, **options)
    assert outcome(data, chunk=1, **options) == at_once
    return at_once


def failure(*frames, **options):
    messages, cause = both(*frames, **options)
    code = next((kind.close_code for kind in FAILURES if kind.cause == cause), None)
    return messages, cause, code


# Section 5.2: the base framing


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535, 65_536, 70_000])
def test_every_form_of_length_is_read(opcode, size):
    payload = b"a" * size
    data = Frame(opcode, payload).serialize()
    assert outcome(data) == ([(opcode, payload)], None)
    assert outcome(data, chunk=997) == ([(opcode, payload)], None)


def test_the_rfc_s_own_examples_are_read():
    assert both(bytes.fromhex("818537fa213d7f9f4d5158")) == ([(TEXT, b"Hello")], None)
    assert both(bytes.fromhex("810548656c6c6f"), from_client=False) == ([(TEXT, b"Hello")], None)
    fragmented = bytes.fromhex("010348656c 80026c6f")
    assert both(fragmented, from_client=False) == ([(TEXT, b"Hello")], None)
    assert both(bytes.fromhex("890548656c6c6f"), from_client=False) == ([(PING, b"Hello")], None)
    assert both(bytes.fromhex("8a8537fa213d7f9f4d5158")) == ([(PONG, b"Hello")], None)


@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_a_reserved_bit_is_a_protocol_error(rsv, opcode):
    assert failure(Frame(opcode, rsv=rsv)) == ([], "reserved-bits", 1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_a_reserved_opcode_is_a_protocol_error(opcode):
    assert failure(Frame(opcode)) == ([], "reserved-opcode", 1002)


@pytest.mark.parametrize(("size", "form"), [(0, 2), (125, 2), (0, 8), (125, 8), (126, 8), (65_535, 8)])
def test_a_length_that_is_not_in_its_shortest_form_is_a_protocol_error(size, form):
    assert failure(Frame(BINARY, b"a" * size, length_bytes=form)) == ([], "not-minimal", 1002)


def test_a_length_with_its_highest_bit_set_is_a_protocol_error():
    assert failure(b"\x82\xff" + b"\x80" + bytes(7) + bytes(4)) == ([], "length-too-large", 1002)


# Sections 5.1 and 5.3: masking


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_a_client_s_frame_without_mask_is_a_protocol_error(opcode):
    assert failure(Frame(opcode, key=None)) == ([], "not-masked", 1002)


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
def test_a_server_s_frame_with_mask_is_a_protocol_error(opcode):
    assert failure(Frame(opcode), from_client=False) == ([], "masked", 1002)


@pytest.mark.parametrize("key", [bytes(4), b"\xff\xff\xff\xff", b"\x01\x02\x03\x04"])
def test_any_key_is_taken_off(key):
    assert both(Frame(BINARY, bytes(range(251)), key=key)) == ([(BINARY, bytes(range(251)))], None)


# Section 5.4: fragmentation


def test_fragments_make_one_message_and_control_frames_may_stand_between_them():
    frames = [
        Frame(TEXT, b"Gr\xc3", fin=False),
        Frame(PING, b"1"),
        Frame(CONTINUATION, b"", fin=False),
        Frame(PONG, b"2"),
        Frame(CONTINUATION, b"\xbc\xc3\x9fe"),
        Frame(BINARY, b"next"),
    ]
    expected = [(PING, b"1"), (PONG, b"2"), (TEXT, "Grüße".encode()), (BINARY, b"next")]
    assert both(*frames) == (expected, None)


def test_a_message_in_a_hundred_empty_fragments_is_empty():
    frames = [Frame(BINARY, fin=False), *[Frame(CONTINUATION, fin=False)] * 98, Frame(CONTINUATION)]
    assert both(*frames) == ([(BINARY, b"")], None)


@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_of_nothing_is_a_protocol_error(fin):
    assert failure(Frame(CONTINUATION, b"x", fin=fin)) == ([], "nothing-to-continue", 1002)
    after_a_message = failure(Frame(TEXT, b"a"), Frame(CONTINUATION, b"x", fin=fin))
    assert after_a_message == ([(TEXT, b"a")], "nothing-to-continue", 1002)


@pytest.mark.parametrize(("first", "second"), list(itertools.product([TEXT, BINARY], repeat=2)))
def test_a_new_message_before_the_last_one_ended_is_a_protocol_error(first, second):
    assert failure(Frame(first, b"x", fin=False), Frame(second, b"y")) == ([], "message-unfinished", 1002)


def test_a_message_may_be_as_long_as_the_limit_and_no_longer():
    assert both(Frame(BINARY, b"a" * 100), limit=100) == ([(BINARY, b"a" * 100)], None)
    assert failure(Frame(BINARY, b"a" * 101), limit=100) == ([], "message-too-big", 1009)
    fragments = [Frame(TEXT, b"a" * 60, fin=False), Frame(PING, b"p"), Frame(CONTINUATION, b"a" * 41)]
    assert failure(*fragments, limit=100) == ([(PING, b"p")], "message-too-big", 1009)


def test_a_message_that_is_too_big_fails_at_its_header():
    header = Frame(BINARY, b"a" * 70_000).serialize()[:14]
    assert failure(header, limit=65_536) == ([], "message-too-big", 1009)


# Section 5.5: control frames


@pytest.mark.parametrize("opcode", [PING, PONG])
@pytest.mark.parametrize("size", [0, 1, 124, 125])
def test_a_control_frame_carries_up_to_125_bytes(opcode, size):
    assert both(Frame(opcode, b"\xfe" * size)) == ([(opcode, b"\xfe" * size)], None)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@pytest.mark.parametrize("size", [126, 65_536])
def test_a_longer_control_frame_is_a_protocol_error(opcode, size):
    assert failure(Frame(opcode, b"a" * size)) == ([], "control-too-long", 1002)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_a_fragmented_control_frame_is_a_protocol_error(opcode):
    assert failure(Frame(opcode, fin=False)) == ([], "control-fragmented", 1002)


# Section 5.5.1 and 7.4: close


def close(code, reason=b""):
    return Frame(CLOSE, code.to_bytes(2, "big") + reason)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 3999, 4000, 4999])
def test_a_code_that_may_be_sent_closes(code):
    frame = close(code, "Tschüß".encode())
    assert both(frame) == ([(CLOSE, frame.payload)], None)


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
def test_a_code_that_must_not_be_sent_is_a_protocol_error(code):
    assert failure(close(code)) == ([], "bad-close", 1002)


def test_a_close_frame_may_be_empty_but_not_hold_half_a_code():
    assert both(Frame(CLOSE)) == ([(CLOSE, b"")], None)
    assert failure(Frame(CLOSE, b"\x03")) == ([], "bad-close", 1002)


def test_a_reason_that_is_not_utf8_is_invalid_data():
    assert failure(close(1000, b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80")) == ([], "not-utf8", 1007)
    assert failure(close(1000, b"cut \xc3")) == ([], "not-utf8", 1007)


def test_what_follows_a_close_frame_is_not_read():
    assert both(close(1000), Frame(TEXT, b"too late"), b"garbage") == ([(CLOSE, b"\x03\xe8")], None)


# Section 8.1: UTF-8


@pytest.mark.parametrize(
    "text",
    ["κόσμε", *"\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff"],
)
def test_text_at_each_edge_of_utf8_is_taken_however_it_is_cut(text):
    data = f"a{text}b".encode()
    assert both(Frame(TEXT, data)) == ([(TEXT, data)], None)
    for cut in range(len(data)):
        fragments = [Frame(TEXT, data[:cut], fin=False), Frame(CONTINUATION, data[cut:])]
        assert both(*fragments) == ([(TEXT, data)], None)


BAD_UTF8 = [
    "80", "bf", "c0 80", "c0 af", "c1 bf", "c2", "c3 28", "e0 80 80", "e0 9f bf", "e2 82", "e2 28 a1",
    "ed a0 80",
    "ed bf bf", "f0 80 80 80", "f0 8f bf bf", "f0 90 80", "f0 28 8c bc", "f4 90 80 80",
    "f5 80 80 80", "f8 88 80 80 80", "fe", "ff",
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_UTF8)
@pytest.mark.parametrize("before", ["", "eight by", "é"])
def test_text_that_is_not_utf8_is_invalid_data(data, before):
    bad = before.encode() + bytes.fromhex(data)
    assert failure(Frame(TEXT, bad)) == ([], "not-utf8", 1007)
    assert failure(Frame(TEXT, bad, fin=False), Frame(CONTINUATION, b"")) == ([], "not-utf8", 1007)
    assert both(Frame(BINARY, bad)) == ([(BINARY, bad)], None)


def test_a_bad_byte_is_known_before_the_frame_ends():
    parser = FrameParser(from_client=True, max_message_bytes=LIMIT)
    data = Frame(TEXT, b"ab\xf4\x90" + b"never read" * 10).serialize()
    assert parser.parse(data[:9]) == []
    assert not parser.failure
    parser.parse(data[9:10])
    assert FAILURES[parser.failure].close_code == 1007


# Building


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_what_a_server_builds_is_what_the_oracle_builds(size):
    for opcode in (TEXT, BINARY):
        assert serialize_frame(opcode, b"z" * size) == Frame(opcode, b"z" * size, key=None).serialize()


def test_every_failure_has_a_code_and_a_name_of_its_own():
    assert {kind.close_code for kind in FAILURES[1:]} == {1002, 1007, 1009}
    assert len({kind.cause for kind in FAILURES}) == len(FAILURES) == 14


# Any frames, any chunking

frames = st.builds(
    Frame,
    opcode=st.sampled_from([CONTINUATION, CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG, 3, 11]),
    payload=st.one_of(st.binary(max_size=140), st.text(max_size=30).map(str.encode)),
    fin=st.sampled_from([True, True, False]),
    rsv=st.sampled_from([0] * 9 + [1]),
    key=st.one_of(st.binary(min_size=4, max_size=4), st.none()),
    length_bytes=st.sampled_from([None] * 9 + [8]),
)


@given(st.lists(frames, max_size=8), st.booleans(), st.integers(1, 200), st.sampled_from([64, 300, LIMIT]))
def test_any_frames_in_any_chunks_are_what_the_oracle_says(sent, from_client, chunk, limit):
    data = b"".join(frame.serialize() for frame in sent)
    expected = parse(data, from_client=from_client, max_message_bytes=limit)
    assert outcome(data, chunk=chunk, from_client=from_client, limit=limit) == expected


def mutated(chance):
    """A few frames, mostly right, with some bytes changed, cut out or repeated."""
    data = bytearray()
    for _ in range(chance.randint(1, 6)):
        text = "grüße κόσμε 🎙".encode()[: chance.randint(0, 24)]
        payload = chance.choice([chance.randbytes(chance.randint(0, 140)), text])
        opcode = chance.choice([CONTINUATION, TEXT, TEXT, BINARY, PING, PONG, CLOSE])
        data += Frame(opcode, payload, fin=chance.random() < 0.7, key=chance.randbytes(4)).serialize()
    for _ in range(chance.choice([0, 0, 1, 1, 2, 5])):
        at = chance.randint(0, len(data))
        data[at : at + chance.randint(0, 2)] = chance.randbytes(chance.randint(0, 2))
    return bytes(data) or b"\x00"


def test_a_long_random_fuzz_finds_no_difference_from_the_oracle():
    seed = int(os.environ.get("STREAMER_FUZZ_SEED", time.time()))
    chance = random.Random(seed)
    end = time.monotonic() + FUZZ_S
    rounds = 0
    while time.monotonic() < end or rounds <= LEAST_ROUNDS:
        data = mutated(chance)
        limit = chance.choice([50, 200, LIMIT])
        expected = parse(data, from_client=True, max_message_bytes=limit)
        found = outcome(data, chunk=chance.choice([1, 2, 3, 7, 50, None]), limit=limit)
        assert found == expected, f"STREAMER_FUZZ_SEED={seed}, round {rounds}: {data.hex()}"
        rounds += 1
