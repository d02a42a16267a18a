"""The files that a recording consists of, judged by real players."""

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import decode, decode_by_ffmpeg, faults_of

from streamer.audio_format import DURATIONS
from streamer.client.audio.codec import Encoder
from streamer.errors import AudioError
from streamer.ogg import framing
from streamer.ogg.opus import OpusReader, OpusWriter
from streamer.ogg.opus_packets import SILENCE, samples_of


def tone(samples: int, channels: int = 1, hz: float = 440) -> np.ndarray:
    wave = (0.3 * np.sin(2 * np.pi * hz * np.arange(samples) / 48_000)).astype(np.float32)
    return wave if channels == 1 else np.stack([wave, wave / 2], axis=1)


def test_the_checksum_is_that_of_the_specification() -> None:
    """The polynomial 0x04c11db7, from the left, beginning with zero (RFC 3533, section 6)."""

    def by_the_bit(data: bytes) -> int:
        register = 0
        for byte in data:
            register ^= byte << 24
            for _ in range(8):
                register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFF_FFFF
        return register

    for data in (b"", b"\0", b"OggS" + bytes(23), bytes(range(256)) * 3):
        assert framing.checksum(data) == by_the_bit(data)


@given(
    pieces=st.lists(
        st.tuples(st.sampled_from(DURATIONS), st.integers(0, 1_274), st.integers(0, 5), st.booleans()),
        min_size=1,
        max_size=25,
    ),
    cut=st.integers(0, 119),
)
@settings(deadline=None, max_examples=40)
def test_what_is_written_is_read_again_whatever_the_sizes_of_packets_and_pages(
    pieces: list[tuple[int, int, int, bool]], cut: int
) -> None:
    writer = OpusWriter(7, 120, {"TITLE": "Ada"})
    content, sent = writer.header(), []
    for duration, size, silence, takes in pieces:
        toc = {1: 0xE0, 2: 0xE8, 4: 0xF0, 8: 0xF8, 16: 0x18, 24: 0x1B}[duration]
        payload = bytes([toc & 0xFC]) + bytes(size) if duration != 16 else bytes([0x10]) + bytes(size)
        samples = samples_of(payload)
        assert samples
        writer.add(payload, samples)
        sent.append(payload)
        writer.add_silence(silence * 120 * 7)
        if takes:
            content += writer.take_pages()
    content += writer.end(writer.samples - cut)
    reader = OpusReader(content)
    silences = set(SILENCE.values())
    found = [each for each, _ in reader.packets() if each not in silences]
    assert found == [each for each in sent if each not in silences]
    assert reader.end_samples == writer.samples - cut
    pages = list(framing.parse(content))
    assert [page.flags for page in pages] == [2] + [0] * (len(pages) - 2) + [4]
    assert all(page.packets for page in pages)
    ends = list(accumulate(sum(map(samples_of, page.packets)) for page in pages[2:]))
    assert [page.granule for page in pages[2:-1]] == ends[:-1]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("duration", DURATIONS)
def test_players_find_no_fault_and_every_sample(tmp_path: Path, duration: int, channels: int) -> None:
    samples = duration * 120
    encoder = Encoder(frame_samples=samples, channels=channels)
    writer = OpusWriter(duration, 120 + 77, {"TITLE": "Ada\nARTIST=x", "ARTIST": "é"}, channels)
    content = writer.header()
    writer.add_silence(48_000 + 360)
    for index in range(2 * 48_000 // samples):
        writer.add(encoder.encode(tone(samples, channels)), samples)
        if index % 100 == 0:
            content += writer.take_pages()
    writer.add_silence(24_000)
    content += writer.end(writer.samples - 55)
    path = tmp_path / "a.opus"
    path.write_bytes(content)
    assert faults_of(path) == []
    played = decode(path)
    assert len(played) == writer.samples - writer.pre_skip - 55 == len(decode_by_ffmpeg(path))
    assert np.abs(played[: 48_000 + 360 - 77 - 120]).max() < 1e-9
    assert np.abs(played[-23_000:]).max() < 1e-6


def test_a_file_whose_stream_has_no_end_plays_up_to_its_last_whole_page(tmp_path: Path) -> None:
    encoder = Encoder()
    writer = OpusWriter(1, 120, {})
    content = writer.header()
    for _ in range(300):
        writer.add(encoder.encode(tone(480)), 480)
    content += writer.take_pages()
    path = tmp_path / "cut.opus"
    path.write_bytes(content[:-300])
    pages = len(list(framing.parse(content)))
    assert len(list(framing.parse(path.read_bytes()))) == pages - 1
    assert len(decode(path)) > 48_000
    reader = OpusReader(path.read_bytes())
    assert len(list(reader.packets())) * 480 == reader.end_samples


def page_of(table: list[int], body: bytes, number: int, *, continues: bool = False, serial: int = 1) -> bytes:
    return framing.serialize(
        bytes(table), body, flags=int(continues), granule=0, serial=serial, number=number
    )


def test_a_packet_that_crosses_pages_is_whole_whatever_other_stream_is_between_them() -> None:
    content = page_of([2, 255], b"a." + b"b" * 255, 0)
    content += page_of([1], b"x", 0, serial=2)
    content += page_of([255], b"b" * 255, 1, continues=True) + page_of([1, 1], b"!c", 2, continues=True)
    assert [page.packets for page in framing.parse(content)] == [[b"a."], [], [b"b" * 510 + b"!", b"c"]]


def test_a_packet_whose_beginning_is_missing_is_left_out() -> None:
    content = page_of([255], b"b" * 255, 0) + page_of([1], b"c", 1)
    assert [page.packets for page in framing.parse(content)] == [[], [b"c"]]


def test_a_wrong_checksum_ends_a_file_unless_it_is_not_to_be_checked() -> None:
    content = bytearray(page_of([1], b"a", 0) + page_of([1], b"b", 1))
    content[-1:] = b"?"
    assert [page.packets for page in framing.parse(bytes(content))] == [[b"a"]]
    assert [page.packets for page in framing.parse(bytes(content), is_checked=False)] == [[b"a"], [b"?"]]


def test_mono_may_become_stereo_in_a_file_that_is_already_there(tmp_path: Path) -> None:
    writer = OpusWriter(1, 120, {"TITLE": "Ada"})
    mono, stereo = Encoder(), Encoder(channels=2)
    content = bytearray(writer.header())
    for _ in range(100):
        writer.add(mono.encode(tone(480)), 480)
    content += writer.take_pages()
    writer.channels = 2
    head = writer.head_page()
    content[: len(head)] = head
    for _ in range(100):
        writer.add(stereo.encode(tone(480, 2)), 480)
    content += writer.end(writer.samples)
    path = tmp_path / "both.opus"
    path.write_bytes(content)
    assert faults_of(path) == []
    assert OpusReader(bytes(content)).head.channels == 2


@pytest.mark.parametrize(
    ("payload", "samples"),
    [
        (b"", 0),
        (b"\xf8", 960),
        (b"\xf9\x01", 0),
        (b"\xf9\x01\x02", 1_920),
        (b"\xfa", 0),
        (b"\xfa\x05", 0),
        (b"\xfa\x01\x02", 1_920),
        (b"\xfa\x01\x02\x03", 1_920),
        (b"\xfb", 0),
        (b"\xfb\x00", 0),
        (b"\xfb\x06" + bytes(12), 5_760),
        (b"\xfb\x07" + bytes(14), 0),
        (b"\xfb\x06" + bytes(11), 0),
        (b"\xfb\x82\x02" + bytes(4), 1_920),
        (b"\xfb\x82\x05" + bytes(4), 0),
        (b"\xfb\x42\x02" + bytes(4), 1_920),
        (b"\xfb\x42\xff", 0),
        (b"\xf8" + bytes(1_275), 960),
        (b"\xf8" + bytes(1_276), 0),
        (b"\x18" + bytes(5), 2_880),
        (b"\x60" + bytes(5), 480),
        (b"\x68" + bytes(5), 960),
    ],
)
def test_a_packet_is_known_by_the_rules_of_opus(payload: bytes, samples: int) -> None:
    assert samples_of(payload) == samples


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_whatever_the_bytes_are_reading_ends_and_counts_nothing_that_is_not_there(content: bytes) -> None:
    assert 0 <= samples_of(content) <= 5_760
    assert list(framing.parse(content)) == [] or content[:4] == b"OggS"
    with pytest.raises(AudioError):
        OpusReader(content)
