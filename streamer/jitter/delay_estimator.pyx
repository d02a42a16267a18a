# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""How late packets come, and how long it is worth waiting for them.

The plan: a packet's *relative delay* is its transit time (arrival minus timestamp) over the least transit
time of the last seconds, so that neither clock's zero nor their drift matters. A histogram of relative delays
with slow forgetting tells for each delay what share of the voice would come too late, and what is usual: what
is later than that is a stall, and no jitter. Time is counted in packets, so only what the talker said lately
counts, and no pause.

A listener loses by each delay and by each missing part of the voice. The E-model (ITU-T G.107) puts both on
one scale, R. The delay is the shortest that R rates nearly as high as the best: below 100 ms from mouth to
ear, R calls delay free, and a listener does not.

Packets later than the ceiling are not counted: no target could save them, so they must not raise it. The
head of a talkspurt does not count either: it starts with what was said before it was noticed, which comes in
one go and says nothing of the network.

A packet that comes more than NEW_CLOCK_MS later than the fastest, or so much sooner, or after a newer one
with an older timestamp, was stamped by another clock: the talker's device slept or changed, or this program
was held up. What was played by the old one says nothing of the new one: `is_new_clock` tells the owner, who
starts again.

Twin of web/worklets/delay_estimator.js.
"""

from libc.math cimport INFINITY, log2
from libc.stdint cimport int64_t

from streamer.jitter.redzone cimport REDZONE_BYTES, poison, unpoison
from streamer.jitter.windowed_minimum cimport WindowedMinimum

cdef double SAMPLES_PER_MS = 48.0
# The longest Opus packet lasts 120 ms: a gap beyond it is a pause of the talker, and what follows is the head
# of a talkspurt.
cdef int64_t PAUSE_SAMPLES = 5760
# Within it, clocks that differ by 300 ppm part by 1.2 ms, and even a busy network lets one packet through at
# once.
cdef double BASE_WINDOW_MS = 4000.0
# No packet on one connection comes this late and is worth playing; a clock that was set is off by more.
cdef double NEW_CLOCK_MS = 2000.0
# Per packet: half of what is known is forgotten in 3466 packets, which are 35 s of talking.
cdef double FORGETTING = 0.9998
# Before anything is known, expect a packet this late: a new talker starts here, and is at its own delay
# within 2 s.
cdef double PRIOR_MS = 30.0
cdef double PRIOR_PACKETS = 0.07
# While a page or a device starts, it holds itself up, which says nothing of the network. These packets weigh
# a fifth: two such stalls are forgotten after 20 s instead of 50.
cdef int SETTLING_PACKETS = 200
cdef double SETTLING_WEIGHT = 0.2
# Of the packets, so many are later than usual. With a twentieth, usual jitter was taken for the beginning of
# a stall.
cdef double UNUSUAL_SHARE = 0.02
# R without delay and loss, by the defaults of G.107.
cdef double BEST_RATING = 93.36
# From mouth to ear without the wait: devices, packet and local network (docs/measurements.md).
cdef double REST_MS = 60.0
# The delay that the E-model does not notice yet.
cdef double UNNOTICED_MS = 100.0
# What R loses by each share of packets: Ie-eff is 95 · Ppl / (Ppl / BurstR + Bpl), Ppl in percent. Losses
# come in bursts, which leaves Bpl: of Opus 9.79 (Alahmadi, Pocta, Melvin, ACM TOMM 17(4), 2021).
cdef double LOST_BY_ALL = 100 * 95.0 / 9.79
# Of the best rating. Nobody hears the difference, and it saves 10 ms on good Wi-Fi, 20 on a busy one.
cdef double NEARLY = 0.98
# Far below where sums of doubles get coarse.
cdef double LARGEST_WEIGHT = 1e9
# Three hundred years: any clock's time is within, and its samples can be counted in 64 bits.
cdef double LATEST_MS = 1e13


cdef bint is_time(double now_ms) noexcept:
    """Whether this can be a time; what is not finite can't."""
    return -LATEST_MS < now_ms < LATEST_MS


cdef double delay_impairment(double one_way_ms) noexcept:
    """Idd of G.107 (equation 7-29): what a delay from mouth to ear takes from R."""
    if one_way_ms <= UNNOTICED_MS:
        return 0.0
    cdef double x = log2(one_way_ms / UNNOTICED_MS)
    return 25 * ((1 + x**6) ** (1 / 6.0) - 3 * (1 + (x / 3) ** 6) ** (1 / 6.0) + 2)


cdef double rating_by_wait[BUCKETS + 1]
for _wait_ms in range(BUCKETS + 1):
    rating_by_wait[_wait_ms] = BEST_RATING - delay_impairment(REST_MS + _wait_ms)


cdef class DelayEstimator:
    """`wait_ms` is the relative delay that is worth waiting for, `usual_ms` that of all but a fiftieth of the
    packets."""

    def __cinit__(self):
        self.ceiling_ms = 320.0
        self._baseline = WindowedMinimum(BASE_WINDOW_MS)
        poison(self._before_histogram)
        poison(self._after_histogram)
        self._weight = PRIOR_PACKETS
        self._count(PRIOR_MS)
        self._weight = SETTLING_WEIGHT
        self._settling = SETTLING_PACKETS
        self.restart()

    def __init__(self, double ceiling_ms=320.0):
        """Raises ValueError where the ceiling is not a time of 0 or more."""
        if not 0.0 <= ceiling_ms < INFINITY:
            raise ValueError(f"no packet is waited for {ceiling_ms} ms")
        self.ceiling_ms = ceiling_ms if ceiling_ms < BUCKETS else BUCKETS
        self.restart()

    def __dealloc__(self):
        unpoison(self._before_histogram)
        unpoison(self._after_histogram)

    cpdef void restart(self) noexcept:
        """Forget the talker's clock; what is known of the network stays."""
        self._known = False
        self._baseline.reset()
        self._weigh()

    cpdef double update(self, double now_ms, int64_t timestamp, bint talkspurt=False):
        """Take in a packet's arrival; `timestamp` is unwrapped, `talkspurt` true where one starts. Return the
        relative delay.

        By another clock (`is_new_clock`) it is 0, and says nothing of the network.
        Raises ValueError where `now_ms` is no time.
        """
        if not is_time(now_ms):
            raise ValueError(f"{now_ms} ms is no time")
        cdef double transit_ms = now_ms - timestamp / SAMPLES_PER_MS, relative_ms
        cdef double off_ms = transit_ms - self.base_ms
        self.is_new_clock = self._known and (off_ms > NEW_CLOCK_MS or off_ms < -NEW_CLOCK_MS)
        if self.is_new_clock:
            self.restart()
        self._known = True
        self._pace(now_ms, timestamp, talkspurt)
        self.base_ms = self._baseline.update(now_ms, transit_ms)
        relative_ms = transit_ms - self.base_ms
        if self._paced and not self.is_new_clock and relative_ms <= self.ceiling_ms:
            self._forget()
            self._count(relative_ms)
            self._weigh()
        return relative_ms

    cdef void _pace(self, double now_ms, int64_t timestamp, bint talkspurt) noexcept:
        cdef int64_t spacing = timestamp - self._last_timestamp
        if talkspurt or spacing > PAUSE_SAMPLES:
            self._paced = False
        elif now_ms - self._last_now_ms >= 0.5 * spacing / SAMPLES_PER_MS:
            self._paced = True
        self._last_timestamp = timestamp
        self._last_now_ms = now_ms

    cdef void _count(self, double relative_ms) noexcept:
        cdef int bucket = <int>relative_ms if 0.0 <= relative_ms < BUCKETS else BUCKETS - 1
        self._histogram[bucket] += self._weight
        self._total += self._weight

    cdef void _forget(self) noexcept:
        # Instead of shrinking every bucket, each packet weighs more than the one before.
        cdef int i
        self._weight /= FORGETTING
        if self._settling > 0:
            self._settling -= 1
            if self._settling == 0:
                self._weight /= SETTLING_WEIGHT
        if self._weight < LARGEST_WEIGHT:
            return
        for i in range(BUCKETS):
            self._histogram[i] /= LARGEST_WEIGHT
        self._total /= LARGEST_WEIGHT
        self._weight /= LARGEST_WEIGHT

    cdef void _weigh(self) noexcept:
        cdef double late[BUCKETS + 1]  # by the wait in ms: the weight of what comes later
        cdef double best = 0.0, enough, lost_by_each = LOST_BY_ALL / self._total
        cdef int wait = BUCKETS
        late[BUCKETS] = 0.0
        while wait > 0:
            best = max(best, rating_by_wait[wait] - late[wait] * lost_by_each)
            late[wait - 1] = late[wait] + self._histogram[wait - 1]
            wait -= 1
        enough = NEARLY * best
        wait = 1
        while rating_by_wait[wait] - late[wait] * lost_by_each < enough:
            wait += 1
        self.wait_ms = wait
        wait = 1
        while late[wait] > UNUSUAL_SHARE * self._total:
            wait += 1
        self.usual_ms = wait
