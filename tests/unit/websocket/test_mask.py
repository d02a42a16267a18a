"""Masking (RFC 6455, section 5.3): against the RFC's own formula, at every size, alignment and offset that
matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.websocket.frames import serialize_frame
from streamer.websocket.mask import MaskingKeys, mask

KEY = bytes.fromhex("37fa213d")


def masked_by_the_formula(data: bytes, key: bytes, offset: int = 0) -> bytes:
    return bytes(octet ^ key[(offset + i) % 4] for i, octet in enumerate(data))


def test_the_rfc_s_example_unmasks_to_hello():
    data = bytearray.fromhex("7f9f4d5158")
    mask(data, KEY)
    assert data == b"Hello"


@pytest.mark.parametrize("size", [*range(40), 60, 120, 1024, 65536, 65541])
def test_every_size_is_masked_as_the_formula_says(size):
    data = bytes(i * 7 % 256 for i in range(size))
    for offset in range(5):
        masked = bytearray(data)
        mask(masked, KEY, offset)
        assert masked == masked_by_the_formula(data, KEY, offset)


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4), st.integers(0, 300))
def test_masking_in_two_pieces_is_masking_at_once(data, key, cut):
    first, second = bytearray(data[:cut]), bytearray(data[cut:])
    mask(first, key)
    mask(second, key, len(first))
    assert first + second == masked_by_the_formula(data, key)


@pytest.mark.parametrize("key", [b"", b"abc", b"abcde"])
def test_a_key_of_another_size_is_refused(key):
    with pytest.raises(ValueError, match="a masking key is 4 bytes"):
        mask(bytearray(8), key)


def test_each_frame_of_a_client_has_a_fresh_key():
    keys = MaskingKeys()
    frames = [serialize_frame(2, b"", keys) for _ in range(2_000)]
    assert {frame[:2] for frame in frames} == {b"\x82\x80"}
    assert len({frame[2:] for frame in frames}) > 1_990, "32 random bits hardly ever meet in 2,000 draws"
