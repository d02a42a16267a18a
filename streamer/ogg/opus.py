"""Ogg Opus (RFC 7845), written packet by packet without coding anything anew, and read again.

The plan of a file: a page for each of the two headers, then pages of packets, taken by the caller whenever
some time has passed. The last packet is always held back, so that the page that ends the stream has one: an
empty last page is a fault to many readers. A file that ends without it plays all the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from streamer.audio_format import CHANNELS, SAMPLE_RATE, STEREO
from streamer.errors import AudioError
from streamer.ogg import framing
from streamer.ogg.opus_packets import SILENCE, samples_of

_HEAD: Final = Struct("<8sBBHIhB")
HEAD_MAGIC: Final = b"OpusHead"
_TAGS_MAGIC: Final = b"OpusTags"
_VERSION: Final = 1
_SILENCE_AT_ONCE: Final = 960
MAX_PAGE_SAMPLES: Final = SAMPLE_RATE
"""A second to a page; opusinfo finds fault with longer ones, for a live listener would have to wait."""


class OpusWriter:
    """One stream. Everything that is returned is to be appended to the file, in that order.

    `pre_skip` is in samples: so many at the beginning are decoded and not played. `samples` counts what was
    added.
    """

    def __init__(self, serial: int, pre_skip: int, tags: dict[str, str], channels: int = CHANNELS) -> None:
        self.pre_skip = pre_skip
        self.samples = 0
        self.channels = channels
        self._serial = serial
        self._tags = tags
        self._number = 2
        self._done = bytearray()
        self._table = bytearray()
        self._body = bytearray()
        self._on_pages = 0
        """Samples whose packets are on a page, or in the one that is being filled."""
        self._page_samples = 0
        self._held: tuple[bytes, int] | None = None

    def header(self) -> bytes:
        """Both header pages."""
        tags = _serialize_tags(self._tags)
        return self.head_page() + self._page(framing.lacing(len(tags)), tags, 0, 0, 1)

    def head_page(self) -> bytes:
        """The first page. It is as long for stereo as for mono, and may be written over the previous one."""
        head = _HEAD.pack(HEAD_MAGIC, _VERSION, self.channels, self.pre_skip, SAMPLE_RATE, 0, 0)
        return self._page(framing.lacing(len(head)), head, framing.BEGIN, 0, 0)

    def add(self, payload: bytes, samples: int) -> None:
        """A packet that lasts `samples`; it has at most MAX_SEGMENTS × 255 − 1 bytes."""
        self._release()
        self._held = payload, samples
        self.samples += samples

    def add_silence(self, samples: int) -> None:
        """A multiple of 120, however long: an hour takes some ms."""
        runs, rest = divmod(samples, _SILENCE_AT_ONCE)
        if runs:
            self.add(SILENCE[_SILENCE_AT_ONCE], _SILENCE_AT_ONCE)
            self._add_run(SILENCE[_SILENCE_AT_ONCE], _SILENCE_AT_ONCE, runs - 1)
        for size, payload in SILENCE.items():
            while rest >= size:
                self.add(payload, size)
                rest -= size
        if rest:
            raise ValueError(f"{samples} samples of silence are not a multiple of 120")

    def take_pages(self) -> bytes:
        """All that was added, but for the last packet."""
        self._end_page()
        taken = bytes(self._done)
        self._done.clear()
        return taken

    def end(self, samples: int) -> bytes:
        """The last page: of the whole, `samples` are to be played, those of `pre_skip` included.

        It can't be cut by more than the packets on that page.
        """
        self._release()
        before = self._on_pages - self._page_samples
        granule = min(self._on_pages, max(samples, before + 1))
        self._end_page(framing.END, granule)
        return self.take_pages()

    def _add_run(self, payload: bytes, samples: int, count: int) -> None:
        """The same packet again and again: what is held back is one of them."""
        self.samples += samples * count
        while count:
            if self._page_samples + samples > MAX_PAGE_SAMPLES:
                self._end_page()
            fitting = (MAX_PAGE_SAMPLES - self._page_samples) // samples
            fitting = min(count, fitting, framing.MAX_SEGMENTS - len(self._table))
            self._table += framing.lacing(len(payload)) * fitting
            self._body += payload * fitting
            self._on_pages += samples * fitting
            self._page_samples += samples * fitting
            count -= fitting
            if len(self._table) == framing.MAX_SEGMENTS:
                self._end_page()

    def _release(self) -> None:
        """Put the packet that was held back onto the page."""
        if self._held is None:
            return
        payload, samples = self._held
        self._held = None
        is_full = len(self._table) + framing.segments_of(len(payload)) > framing.MAX_SEGMENTS
        if is_full or self._page_samples + samples > MAX_PAGE_SAMPLES:
            self._end_page()
        self._table += framing.lacing(len(payload))
        self._body += payload
        self._on_pages += samples
        self._page_samples += samples

    def _end_page(self, flags: int = 0, granule: int | None = None) -> None:
        if not self._table:
            return
        end = self._on_pages if granule is None else granule
        self._done += self._page(bytes(self._table), bytes(self._body), flags, end, self._number)
        self._number += 1
        self._table.clear()
        self._body.clear()
        self._page_samples = 0

    def _page(self, table: bytes, body: bytes, flags: int, granule: int, number: int) -> bytes:
        return framing.serialize(
            table, body, flags=flags, granule=granule, serial=self._serial, number=number
        )


@dataclass(frozen=True, slots=True)
class OpusHead:
    """`pre_skip` is in samples at 48 kHz."""

    channels: int
    pre_skip: int

    @classmethod
    def parse(cls, packet: bytes) -> "OpusHead":
        """Raises AudioError where it is no header of mono or stereo Opus."""
        if len(packet) < _HEAD.size or not packet.startswith(HEAD_MAGIC):
            raise AudioError("it does not begin with Opus")
        _, version, channels, pre_skip, _, _, family = _HEAD.unpack_from(packet)
        if version >> 4:
            raise AudioError("its version of Opus is not known here")
        if family or channels not in (CHANNELS, STEREO):
            raise AudioError("it has more than two channels: mix it down to stereo")
        return cls(channels, pre_skip)


class OpusReader:
    """The packets of a file's content. Raises AudioError where it is no Ogg Opus."""

    def __init__(self, content: bytes) -> None:
        self._pages = framing.parse(content)
        first = next(self._pages, None)
        if first is None or not first.packets:
            raise AudioError("it is not an Ogg file")
        self.head = OpusHead.parse(first.packets[0])
        self.end_samples = 0
        """How many samples are to be played, those of `pre_skip` included; of as many packets as were
        read."""

    def packets(self) -> Iterator[tuple[bytes, int]]:
        """Each with its samples; what comes after damage is left out."""
        total = 0
        for page in self._pages:
            for packet in page.packets:
                if packet.startswith(_TAGS_MAGIC):
                    continue
                samples = samples_of(packet)
                if samples:
                    total += samples
                    yield packet, samples
            self.end_samples = min(total, page.granule) if page.flags & framing.END else total


def _serialize_tags(tags: dict[str, str]) -> bytes:
    """RFC 7845, section 5.2; at most a page of it."""
    vendor = b"streamer"
    lines = [f"{name}={text}".encode(errors="replace") for name, text in tags.items()]
    packed = b"".join(len(line).to_bytes(4, "little") + line for line in lines)
    head = _TAGS_MAGIC + len(vendor).to_bytes(4, "little") + vendor
    return head + len(lines).to_bytes(4, "little") + packed
