cdef class WindowedMinimum:
    cdef double _window_ms
    cdef double _since_ms
    cdef double _current
    cdef double _previous

    cpdef double update(self, double now_ms, double value) noexcept
    cpdef void reset(self) noexcept
