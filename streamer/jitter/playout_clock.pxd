from libc.stdint cimport int64_t

from streamer.jitter.windowed_minimum cimport WindowedMinimum


cdef class PlayoutClock:
    cdef readonly double lead_ms
    cdef WindowedMinimum _start
    cdef WindowedMinimum _earliest_lead
    cdef double _start_ms
    cdef int64_t _popped
    cdef int64_t _block_start

    cdef void begin_block(self, double now_ms) noexcept
    cdef void advance(self, Py_ssize_t samples) noexcept
    cdef double now_ms(self) noexcept
    cdef void on_need(self) noexcept
