# cython: language_level=3, boundscheck=False, wraparound=False
"""Packets waiting for their turn, in the order of their seq; nothing comes out twice, or before an earlier
one that came out.

The plan: a ring with one slot a seq. Numbers are unwrapped to 64 bits on the way in. A slot remembers the seq
it held last, which tells a duplicate of a played packet from one that is merely too late. A seq far from the
newest is believed only when the next one follows it (RFC 3550, A.1): then the talker has restarted, and
everything older is let go. So he has where a newer packet has an older timestamp: time does not go back on
one clock.
"""

from streamer.jitter.redzone cimport REDZONE_BYTES, poison, unpoison

from libc.stdint cimport int16_t, int32_t, int64_t, uint16_t, uint32_t

cdef int MASK = CAPACITY - 1
cdef int64_t NO_SEQ = -(1 << 53) + 1
cdef int LARGEST_JUMP = CAPACITY


cdef class PacketBuffer:
    """A ring of packets by seq. `next_seq` is the first that may still be taken."""

    def __cinit__(self):
        self._payloads = [None] * CAPACITY
        self._doubtful_seq = -1
        poison(self._before_seqs)
        poison(self._before_timestamps)
        poison(self._after_timestamps)

    def __dealloc__(self):
        unpoison(self._before_seqs)
        unpoison(self._before_timestamps)
        unpoison(self._after_timestamps)

    cpdef Arrival insert(self, int seq, int64_t timestamp, bytes payload):
        """Put in a packet with its 16-bit seq and 32-bit timestamp; say what it was. Raises ValueError where
        they are not."""
        if payload is None or not 0 <= seq <= 0xFFFF or not 0 <= timestamp <= 0xFFFFFFFF:
            raise ValueError("a packet has a payload, a seq of 16 bits and a timestamp of 32")
        cdef Arrival arrival = NEW
        cdef int64_t unwrapped = self.newest_seq + <int16_t><uint16_t>(seq - self.newest_seq)
        cdef int64_t jump = unwrapped - self.newest_seq
        if not self._started or jump > LARGEST_JUMP or jump < -LARGEST_JUMP:
            if self._started and seq != self._doubtful_seq:
                self._doubtful_seq = (seq + 1) & 0xFFFF
                return DOUBTFUL
            arrival = RESTART if self._started else NEW
            self.begin_at(seq, timestamp)
            unwrapped = seq
        self._doubtful_seq = -1
        cdef int slot = unwrapped & MASK
        if self._seqs[slot] == unwrapped:
            return DUPLICATE
        if unwrapped < self.next_seq:
            return STALE
        if unwrapped > self.newest_seq and self._unwrapped(timestamp) < self.newest_timestamp:
            arrival = RESTART
            self.begin_at(seq, timestamp)
            unwrapped, slot = seq, seq & MASK
        self._make_room(unwrapped)
        self._seqs[slot] = unwrapped
        self.inserted_timestamp = self._unwrapped(timestamp)
        self._timestamps[slot] = self.inserted_timestamp
        self._payloads[slot] = payload
        self.count += 1
        if unwrapped >= self.newest_seq:
            self.newest_seq = unwrapped
            self.newest_timestamp = self.inserted_timestamp
        return arrival

    cdef int64_t _unwrapped(self, int64_t timestamp) noexcept:
        return self.newest_timestamp + <int32_t><uint32_t>(timestamp - self.newest_timestamp)

    cpdef begin_at(self, int seq, int64_t timestamp):
        """Let go of all that is here: the talker has another clock, and begins with this seq and
        timestamp."""
        self._started = True
        self.next_seq = self.newest_seq = seq
        self.newest_timestamp = self.inserted_timestamp = timestamp
        self.count = 0
        for i in range(CAPACITY):
            self._payloads[i] = None
            self._seqs[i] = NO_SEQ

    cdef int _make_room(self, int64_t seq) except -1:
        while self.next_seq <= seq - CAPACITY:
            if self.take(self.next_seq) is not None:
                self.overruns += 1
        return 0

    cpdef int64_t first_seq(self) noexcept:
        """The seq of the first packet here, or -1."""
        cdef int64_t seq = self.next_seq
        if self.count == 0:
            return -1
        while self._payloads[seq & MASK] is None and seq < self.newest_seq:
            seq += 1
        return seq

    cpdef int64_t timestamp_of(self, int64_t seq) noexcept:
        """The unwrapped timestamp of a packet that is here."""
        return self._timestamps[seq & MASK]

    cpdef bytes take(self, int64_t seq):
        """Take the packet out, or None where it never came; no earlier one can come out afterwards."""
        if not self.next_seq <= seq < self.next_seq + CAPACITY:  # else its slot is another one's
            return None
        cdef int slot = seq & MASK
        cdef bytes payload = self._payloads[slot]
        if payload is not None:
            self._payloads[slot] = None
            self.count -= 1
        self.next_seq = seq + 1
        return payload
