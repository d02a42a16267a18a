# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How late packets come, and the delay that keeps the share of late ones small.

The plan: a packet's *relative delay* is its transit time (arrival minus timestamp) over the least transit time of the last
seconds, so that neither clock's zero nor their drift matters. A histogram of relative delays with slow forgetting gives
the quantile that only `late_share` of the packets exceed.

Packets later than the ceiling are not counted: no target could save them, so they must not raise it. What a single long
stall weighs is thus bounded. Nor is the head of a talkspurt: it starts with what was said before it was noticed, which comes
in one go and says nothing of the network.

The other side has its clock too: `PlayoutClock` says when the sample popped next is heard, however unevenly the sound card asks.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

cdef double SAMPLES_PER_MS = 48.0
cdef int64_t PAUSE_SAMPLES = 5760

cdef double BASE_WINDOW_MS = 4000.0
cdef double NEW_CLOCK_MS = 2000.0
cdef double CLOCK_WINDOW_MS = 100.0
cdef double LEAD_WINDOW_MS = 1000.0
cdef double FORGETTING = 0.9998
# Before anything is known, expect a few packets this late: a new talker starts here, and is at its own delay in 2 s.
cdef double PRIOR_MS = 30.0
cdef double PRIOR_PACKETS = 2.0
cdef double LARGEST_WEIGHT = 1e9


cdef class WindowedMinimum:
    """The least value of the last one to two windows, in constant time and memory."""

    def __init__(self, double window_ms):
        self.window_ms = window_ms
        self.reset()

    cpdef void reset(self):
        self.since_ms = -INFINITY
        self.current = INFINITY
        self.previous = INFINITY

    cpdef double update(self, double now_ms, double value) noexcept:
        """Take in one value and return the least."""
        cdef double elapsed = now_ms - self.since_ms
        if elapsed >= self.window_ms:
            self.previous = self.current if elapsed < 2 * self.window_ms else INFINITY
            self.current = INFINITY
            self.since_ms = now_ms
        if value < self.current:
            self.current = value
        return self.current if self.current < self.previous else self.previous


cdef class DelayEstimator:
    """The relative delay that all but `late_share` of the packets keep within."""

    def __init__(self, double late_share=0.01, double ceiling_ms=250.0):
        self.late_share = late_share
        self.ceiling_ms = ceiling_ms if ceiling_ms < BUCKETS else BUCKETS
        self.baseline = WindowedMinimum(BASE_WINDOW_MS)
        self.total = 0.0
        self.weight = PRIOR_PACKETS
        for i in range(BUCKETS):
            self.histogram[i] = 0.0
        self._count(PRIOR_MS)
        self.weight = 1.0
        self.base_ms = 0.0
        self.last_timestamp = 0
        self.last_now_ms = 0.0
        self.paced = False
        self.restart()

    cpdef void restart(self):
        """Forget the talker's clock; what is known of the network stays."""
        self.baseline.reset()
        self.quantile_ms = self._quantile()

    cpdef double update(self, double now_ms, int64_t timestamp, bint talkspurt=False):
        """Take in a packet's arrival; `timestamp` is unwrapped, `talkspurt` true where one starts. Return the relative delay."""
        cdef double transit_ms = now_ms - timestamp / SAMPLES_PER_MS, relative_ms
        self._pace(now_ms, timestamp, talkspurt)
        if transit_ms - self.base_ms > NEW_CLOCK_MS:
            self.baseline.reset()
        self.base_ms = self.baseline.update(now_ms, transit_ms)
        relative_ms = transit_ms - self.base_ms
        if self.paced and relative_ms <= self.ceiling_ms:
            self._forget()
            self._count(relative_ms)
            self.quantile_ms = self._quantile()
        return relative_ms

    cdef void _pace(self, double now_ms, int64_t timestamp, bint talkspurt) noexcept:
        cdef int64_t spacing = timestamp - self.last_timestamp
        if talkspurt or spacing > PAUSE_SAMPLES:
            self.paced = False
        elif now_ms - self.last_now_ms >= 0.5 * spacing / SAMPLES_PER_MS:
            self.paced = True
        self.last_timestamp = timestamp
        self.last_now_ms = now_ms

    cdef void _count(self, double relative_ms) noexcept:
        cdef int bucket = <int>relative_ms
        self.histogram[bucket if bucket < BUCKETS else BUCKETS - 1] += self.weight
        self.total += self.weight

    cdef void _forget(self) noexcept:
        # Instead of shrinking every bucket, each packet weighs more than the one before.
        cdef int i
        self.weight /= FORGETTING
        if self.weight < LARGEST_WEIGHT:
            return
        for i in range(BUCKETS):
            self.histogram[i] /= LARGEST_WEIGHT
        self.total /= LARGEST_WEIGHT
        self.weight /= LARGEST_WEIGHT

    cdef double _quantile(self) noexcept:
        cdef double allowed = self.late_share * self.total
        cdef double later = 0.0
        cdef int bucket = BUCKETS - 1
        while bucket > 0:
            later += self.histogram[bucket]
            if later > allowed:
                break
            bucket -= 1
        return bucket + 1.0


cdef class PlayoutClock:
    """When the next sample plays, by the earliest of the last pops; and how early within a block packets are asked for."""

    def __init__(self):
        self.start = WindowedMinimum(CLOCK_WINDOW_MS)
        self.earliest_lead = WindowedMinimum(LEAD_WINDOW_MS)
        self.start_ms = 0.0
        self.lead_ms = 0.0
        self.popped = self.block_start = 0

    cdef void begin_block(self, double now_ms) noexcept:
        self.block_start = self.popped
        self.start_ms = self.start.update(now_ms, now_ms - self.popped / SAMPLES_PER_MS)

    cdef double now_ms(self) noexcept:
        return self.start_ms + self.popped / SAMPLES_PER_MS

    cdef void ask(self) noexcept:
        """A packet is needed now: as much before its time as the block is filled already."""
        self.lead_ms = -self.earliest_lead.update(self.now_ms(), (self.block_start - self.popped) / SAMPLES_PER_MS)
