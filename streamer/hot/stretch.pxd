cdef enum:
    LINE_SAMPLES = 16384
    SHORTEST_LAG = 240
    LONGEST_LAG = 720
    DECIMATION = 4
    COARSE_SAMPLES = 240


cdef class SyncBuffer:
    cdef float mid[LINE_SAMPLES]
    cdef float side[LINE_SAMPLES]
    cdef bint stereo
    cdef double coarse[COARSE_SAMPLES]
    cdef Py_ssize_t position
    cdef Py_ssize_t end
    cdef double loudness
    cdef readonly double similarity
    cdef readonly bint free

    cdef Py_ssize_t ahead(self) noexcept
    cdef void append(self, const float* mid, const float* side, Py_ssize_t count, double gain_from, double gain_to) noexcept
    cdef void append_silence(self, Py_ssize_t count) noexcept
    cdef void overlap_append(self, const float* mid, const float* side, Py_ssize_t count) noexcept
    cdef void take(self, float* mid, float* side, Py_ssize_t count) noexcept
    cdef bint quiet(self, Py_ssize_t start, Py_ssize_t count) noexcept
    cdef bint quiet_behind(self) noexcept
    cdef Py_ssize_t accelerate(self, Py_ssize_t longest, double least_similarity) noexcept
    cdef Py_ssize_t expand(self, Py_ssize_t longest, double least_similarity) noexcept
    cdef double _power(self, Py_ssize_t start, Py_ssize_t count) noexcept
    cdef const float* _louder(self) noexcept
    cdef Py_ssize_t _find_lag(self, int direction, Py_ssize_t longest) noexcept
    cdef Py_ssize_t _refine_lag(self, const float* here, int direction, Py_ssize_t around, Py_ssize_t longest) noexcept
    cdef void _make_room(self, Py_ssize_t count) noexcept
