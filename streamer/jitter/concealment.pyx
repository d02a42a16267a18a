# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""One talker's sound: packets, in order, through the decoder onto the line of samples; what is missing is
concealed.

Twin of web/worklets/concealment.js. `media_end` is the timestamp after the last sample of the line.
Concealment is the codec's own; it keeps its gain for 20 ms, then goes to silence in a straight line over 100
ms. What is decoded after it comes back within 5 ms. A decoder that raises, or gives nothing, or something
that is not sound (of another type, not finite, a side that is too short), is concealed too: the sound card
waits for nobody.
"""

import numpy
from libc.stdint cimport int64_t

from streamer.jitter.packet_buffer cimport PacketBuffer
from streamer.jitter.overlap_add cimport OVERLAP_SAMPLES, sound
from streamer.jitter.sync_buffer cimport SyncBuffer

# 10 ms, as every talker of ours sends; only until the first packet has been decoded.
cdef Py_ssize_t DEFAULT_PACKET_SAMPLES = 480
# 120 ms, the longest packet of Opus (RFC 6716, section 2.1.4).
cdef Py_ssize_t LONGEST_PACKET_SAMPLES = 5760
# 5 ms: what a crossfade over OVERLAP_SAMPLES needs ahead.
cdef Py_ssize_t CONCEAL_SAMPLES = 240
# 20 ms, then 100 ms: what the codec makes up sounds like the talker for a phoneme or so, and like a machine
# after two.
cdef Py_ssize_t FADE_AFTER_SAMPLES = 960
cdef Py_ssize_t FADE_SAMPLES = 4800
cdef const float[::1] NO_SIDE = numpy.zeros(LONGEST_PACKET_SAMPLES, numpy.float32)


cdef class DecodedLine:
    """A decoder between `packets` and the line, `sync`."""

    def __cinit__(self):
        self.packets = PacketBuffer()
        self.sync = SyncBuffer()
        self._packet_samples = DEFAULT_PACKET_SAMPLES
        self.cut_off()

    def __init__(self, decoder):
        self.use(decoder)

    cdef int use(self, decoder) except -1:
        """Decode with this one from here on."""
        self._decoder = decoder
        return 0

    cdef int64_t held(self) noexcept:
        """How many samples are here and have not been taken."""
        cdef int64_t seq = self.packets.first_seq(), waiting
        if seq < 0:
            return self.sync.ahead()
        waiting = self.packets.newest_timestamp - self.packets.timestamp_of(seq) + self._packet_samples
        return self.sync.ahead() + (waiting if waiting > 0 else 0)

    cdef double gain(self) noexcept:
        cdef double share = 1.0 - <double>(self._conceal_run - FADE_AFTER_SAMPLES) / FADE_SAMPLES
        share = share if share < 1.0 else 1.0
        return share if share > 0.0 else 0.0

    cdef bint concealing(self) noexcept:
        """Whether what comes before the line's end was made up, or cut off."""
        return self._conceal_run > 0

    cdef void pass_over(self, int64_t samples) noexcept:
        """What the talker said in so many samples is lost: his time goes on without them."""
        self.media_end += samples

    cdef bint faded(self) noexcept:
        return self._conceal_run >= FADE_AFTER_SAMPLES + FADE_SAMPLES

    cdef void cut_off(self) noexcept:
        """From here it is silent: what comes next fades in."""
        self._conceal_run = FADE_AFTER_SAMPLES + FADE_SAMPLES

    cdef int conceal(self, Py_ssize_t count) except -1:
        """Add `count` samples (a multiple of 2.5 ms) that nobody sent."""
        cdef double gain_from = self.gain()
        cdef Py_ssize_t made = 0
        self._conceal_run += count
        self.concealed += count
        try:
            made = self._append(self._decoder.conceal(count), count, gain_from, self.gain())
        except Exception:
            self.undecodable += 1
        if made < count:
            self.sync.append_silence(count - made)
        return 0

    cdef int decode(self, int64_t seq, bint joining=False) except -1:
        """Add the samples of a packet that is here, crossfaded over the end of the line if `joining`; those
        before it are lost."""
        cdef double gain_from = self.gain()
        cdef Py_ssize_t dropped = self.sync.dropped, made
        self.lost += seq - self.packets.next_seq
        self.media_end = self.packets.timestamp_of(seq)
        made = self._decode(self.packets.take(seq), gain_from, joining)
        if made > 0:
            self._conceal_run = 0
            self._packet_samples = made
        else:
            self.conceal(self._packet_samples)
        self.media_end += self._packet_samples - (self.sync.dropped - dropped)
        return 0

    cdef int decode_ahead(self, Py_ssize_t samples) except -1:
        """Decode until so much is ahead, as long as the packets follow each other."""
        cdef int64_t seq = self.packets.first_seq()
        while self.sync.ahead() < samples and seq == self.packets.next_seq:
            if self.packets.timestamp_of(seq) != self.media_end:
                return 0
            self.decode(seq)
            seq = self.packets.first_seq()
        return 0

    cdef int64_t skip_to(self, int64_t timestamp) except? -1:
        """Go on with the packet of this timestamp, or the newest; return how many samples are left out, 0
        where none can be."""
        cdef int64_t skipped, seq = self.packets.first_seq()
        cdef bytes payload = None
        while self.packets.count > 1 and self.packets.timestamp_of(seq) < timestamp:
            payload = self.packets.take(seq)
            seq = self.packets.first_seq()
        if payload is None:
            return 0
        skipped = self.packets.timestamp_of(seq) - self.media_end
        if self.sync.ahead() < OVERLAP_SAMPLES:
            self.conceal(CONCEAL_SAMPLES)
        try:
            self._decoder.decode(payload)  # not heard: the decoder starts the next one from the right state
        except Exception:
            self.undecodable += 1
        self.decode(seq, True)
        return skipped if skipped > 0 else 0

    cdef Py_ssize_t _decode(self, bytes payload, double gain_from, bint joining) except -1:
        """Return how long the payload lasts; 0 where it can't be played, whatever the decoder says of it."""
        try:
            samples = self._decoder.decode(payload)
            return self._append(samples, LONGEST_PACKET_SAMPLES, gain_from, 1.0, joining)
        except Exception:
            self.undecodable += 1
            return 0

    cdef Py_ssize_t _append(
        self, samples, Py_ssize_t longest, double gain_from, double gain_to, bint joining=False
    ) except -1:
        """Add at most `longest` of the samples, and of their side; return how many. Raises ValueError where
        they can't be played."""
        if samples is None or len(samples) == 0:
            raise ValueError("the decoder gave nothing")
        cdef const float[::1] mid = samples
        cdef Py_ssize_t count = min(mid.shape[0], longest)
        cdef const float[::1] side = self._side(count)
        if not sound(&mid[0], count):
            raise ValueError("the decoder returned something that is not sound")
        if not joining or count <= OVERLAP_SAMPLES or self.sync.overlap_append(&mid[0], &side[0], count) == 0:
            self.sync.append(&mid[0], &side[0], count, gain_from, gain_to)
        return count

    cdef const float[::1] _side(self, Py_ssize_t count):
        """The other plane of what the decoder gave last; from the first that has one on, the line is
        stereo."""
        given = self._decoder.side
        if given is None:
            return NO_SIDE
        cdef const float[::1] side = given
        if side.shape[0] < count or not sound(&side[0], count):
            raise ValueError("the decoder gave a side that does not fit")
        self.sync.make_stereo()
        return side
