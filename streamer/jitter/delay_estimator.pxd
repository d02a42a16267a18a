from libc.stdint cimport int64_t

from streamer.jitter.redzone cimport REDZONE_BYTES

cdef enum:
    BUCKETS = 512


cdef class WindowedMinimum:
    cdef double window_ms
    cdef double since_ms
    cdef double current
    cdef double previous

    cpdef double update(self, double now_ms, double value) noexcept
    cpdef void reset(self) noexcept


cdef class DelayEstimator:
    cdef readonly double late_share
    cdef readonly double ceiling_ms
    cdef readonly double base_ms
    cdef readonly double quantile_ms
    cdef readonly bint is_new_clock
    cdef WindowedMinimum baseline
    cdef char before_histogram[REDZONE_BYTES]
    cdef double histogram[BUCKETS]
    cdef char after_histogram[REDZONE_BYTES]
    cdef double total
    cdef double weight
    cdef int64_t last_timestamp
    cdef double last_now_ms
    cdef bint paced
    cdef bint known                   # whether a packet of this clock came

    cpdef double update(self, double now_ms, int64_t timestamp, bint talkspurt=*)
    cpdef void restart(self) noexcept
    cdef void _pace(self, double now_ms, int64_t timestamp, bint talkspurt) noexcept
    cdef void _count(self, double relative_ms) noexcept
    cdef void _forget(self) noexcept
    cdef double _quantile(self) noexcept


cdef bint is_time(double now_ms) noexcept


cdef class PlayoutClock:
    cdef WindowedMinimum start
    cdef WindowedMinimum earliest_lead
    cdef double start_ms
    cdef double lead_ms
    cdef int64_t popped
    cdef int64_t block_start

    cdef void begin_block(self, double now_ms) noexcept
    cdef double now_ms(self) noexcept
    cdef void ask(self) noexcept
