from libc.stdint cimport int64_t

from streamer.jitter.redzone cimport REDZONE_BYTES
from streamer.jitter.windowed_minimum cimport WindowedMinimum

cdef enum:
    BUCKETS = 512


cdef class DelayEstimator:
    cdef readonly double ceiling_ms
    cdef readonly double base_ms
    cdef readonly double wait_ms
    cdef readonly double usual_ms
    cdef readonly bint is_new_clock
    cdef WindowedMinimum _baseline
    cdef char _before_histogram[REDZONE_BYTES]
    cdef double _histogram[BUCKETS]
    cdef char _after_histogram[REDZONE_BYTES]
    cdef double _total
    cdef double _weight
    cdef int _settling                 # so many packets are still of the start
    cdef int64_t _last_timestamp
    cdef double _last_now_ms
    cdef bint _paced
    cdef bint _known                   # whether a packet of this clock came

    cpdef double update(self, double now_ms, int64_t timestamp, bint talkspurt=*)
    cpdef void restart(self) noexcept
    cdef void _pace(self, double now_ms, int64_t timestamp, bint talkspurt) noexcept
    cdef void _count(self, double relative_ms) noexcept
    cdef void _forget(self) noexcept
    cdef void _weigh(self) noexcept


cdef bint is_time(double now_ms) noexcept
