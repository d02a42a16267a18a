# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How late packets come, and the delay that keeps the share of late ones small.

The plan: a packet's *relative delay* is its transit time (arrival minus timestamp) over the least transit time of the last
seconds, so that neither clock's zero nor their drift matters. A histogram of relative delays with slow forgetting gives
the quantile that only `late_share` of the packets exceed.

Packets later than the ceiling are not counted: no target could save them, so they must not raise it. What a single long
stall weighs is thus bounded. Nor is the head of a talkspurt: it starts with what was said before it was noticed, which comes
in one go and says nothing of the network.

A packet that comes more than NEW_CLOCK_MS later than the fastest, or so much sooner, or after a newer one with an older timestamp,
was stamped by another clock: the talker's device slept or changed, or this program was held up. What was played by the old one
says nothing of the new one: `is_new_clock` tells the owner, who starts again.

The other side has its clock too: `PlayoutClock` says when the sample popped next is heard, however unevenly the sound card asks.
"""

from libc.math cimport INFINITY
from libc.stdint cimport int64_t

from streamer.jitter.redzone cimport REDZONE_BYTES, poison, unpoison

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
# Three hundred years: any clock's time is within, and its samples can be counted in 64 bits.
cdef double LATEST_MS = 1e13


cdef bint is_time(double now_ms) noexcept:
    """Whether this can be a time; what is not finite can't."""
    return -LATEST_MS < now_ms < LATEST_MS


cdef class WindowedMinimum:
    """The least value of the last one to two windows, in constant time and memory."""

    def __cinit__(self):
        self.reset()

    def __init__(self, double window_ms):
        self.window_ms = window_ms

    cpdef void reset(self) noexcept:
        self.since_ms = -INFINITY
        self.current = INFINITY
        self.previous = INFINITY

    cpdef double update(self, double now_ms, double value) noexcept:
        """Take in one value and return the least. What is not finite is left out."""
        if not (-INFINITY < now_ms < INFINITY and -INFINITY < value < INFINITY):
            return self.current if self.current < self.previous else self.previous
        cdef double elapsed = now_ms - self.since_ms
        if elapsed < -self.window_ms:  # the clock was put back
            self.reset()
            elapsed = INFINITY
        if elapsed >= self.window_ms:
            self.previous = self.current if elapsed < 2 * self.window_ms else INFINITY
            self.current = INFINITY
            self.since_ms = now_ms
        if value < self.current:
            self.current = value
        return self.current if self.current < self.previous else self.previous


cdef class DelayEstimator:
    """The relative delay that all but `late_share` of the packets keep within."""

    def __cinit__(self):
        self.late_share, self.ceiling_ms = 0.01, 250.0
        self.baseline = WindowedMinimum(BASE_WINDOW_MS)
        poison(self.before_histogram)
        poison(self.after_histogram)
        self.weight = PRIOR_PACKETS
        self._count(PRIOR_MS)
        self.weight = 1.0
        self.restart()

    def __init__(self, double late_share=0.01, double ceiling_ms=250.0):
        """Raises ValueError where the share is not from 0 to 1, or the ceiling is not a time of 0 or more."""
        if not (0.0 <= late_share <= 1.0 and 0.0 <= ceiling_ms < INFINITY):
            raise ValueError(f"of the packets, {late_share} can't be later than {ceiling_ms} ms")
        self.late_share = late_share
        self.ceiling_ms = ceiling_ms if ceiling_ms < BUCKETS else BUCKETS
        self.restart()

    def __dealloc__(self):
        unpoison(self.before_histogram)
        unpoison(self.after_histogram)

    cpdef void restart(self) noexcept:
        """Forget the talker's clock; what is known of the network stays."""
        self.known = False
        self.baseline.reset()
        self.quantile_ms = self._quantile()

    cpdef double update(self, double now_ms, int64_t timestamp, bint talkspurt=False):
        """Take in a packet's arrival; `timestamp` is unwrapped, `talkspurt` true where one starts. Return the relative delay.

        By another clock (`is_new_clock`) it is 0, and says nothing of the network.
        Raises ValueError where `now_ms` is no time.
        """
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        cdef double transit_ms = now_ms - timestamp / SAMPLES_PER_MS, relative_ms
        cdef double off_ms = transit_ms - self.base_ms
        self.is_new_clock = self.known and (off_ms > NEW_CLOCK_MS or off_ms < -NEW_CLOCK_MS)
        if self.is_new_clock:
            self.restart()
        self.known = True
        self._pace(now_ms, timestamp, talkspurt)
        self.base_ms = self.baseline.update(now_ms, transit_ms)
        relative_ms = transit_ms - self.base_ms
        if self.paced and not self.is_new_clock and relative_ms <= self.ceiling_ms:
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
        cdef int bucket = <int>relative_ms if 0.0 <= relative_ms < BUCKETS else BUCKETS - 1
        self.histogram[bucket] += self.weight
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

    def __cinit__(self):
        self.start = WindowedMinimum(CLOCK_WINDOW_MS)
        self.earliest_lead = WindowedMinimum(LEAD_WINDOW_MS)

    cdef void begin_block(self, double now_ms) noexcept:
        self.block_start = self.popped
        self.start_ms = self.start.update(now_ms, now_ms - self.popped / SAMPLES_PER_MS)

    cdef double now_ms(self) noexcept:
        return self.start_ms + self.popped / SAMPLES_PER_MS

    cdef void ask(self) noexcept:
        """A packet is needed now: as much before its time as the block is filled already."""
        self.lead_ms = -self.earliest_lead.update(self.now_ms(), (self.block_start - self.popped) / SAMPLES_PER_MS)
