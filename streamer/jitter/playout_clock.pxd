from libc.stdint cimport int64_t

from streamer.jitter.windowed_minimum cimport WindowedMinimum


cdef class PlayoutClock:
    cdef readonly double lead_ms
    cdef WindowedMinimum _start
    cdef WindowedMinimum _longest_block
    cdef double _start_ms
    cdef int64_t _popped

    cdef void begin_block(self, double now_ms, Py_ssize_t samples) noexcept
    cdef void advance(self, Py_ssize_t samples) noexcept
    cdef double now_ms(self) noexcept
