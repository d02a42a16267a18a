from streamer.jitter.redzone cimport REDZONE_BYTES

cdef enum:
    LINE_SAMPLES = 16384
    SHORTEST_LAG = 240
    LONGEST_LAG = 720
    DECIMATION = 4
    COARSE_SAMPLES = 240


cdef class SyncBuffer:
    # each array between two redzones: nothing in a usual build, poisoned in one with AddressSanitizer
    cdef char _before_mid[REDZONE_BYTES]
    cdef float _mid[LINE_SAMPLES]
    cdef char _before_side[REDZONE_BYTES]
    cdef float _side[LINE_SAMPLES]
    cdef char _before_coarse[REDZONE_BYTES]
    cdef double _coarse[COARSE_SAMPLES]
    cdef char _after_coarse[REDZONE_BYTES]
    cdef bint stereo
    cdef readonly Py_ssize_t dropped  # samples that did not fit
    cdef Py_ssize_t _position
    cdef Py_ssize_t _end
    cdef double _loudness
    cdef readonly double similarity
    cdef readonly bint free

    cdef Py_ssize_t ahead(self) noexcept
    cdef void make_stereo(self) noexcept
    cdef Py_ssize_t append(
        self, const float* mid, const float* side, Py_ssize_t count, double gain_from, double gain_to
    ) noexcept
    cdef Py_ssize_t append_silence(self, Py_ssize_t count) noexcept
    cdef Py_ssize_t overlap_append(self, const float* mid, const float* side, Py_ssize_t count) noexcept
    cdef Py_ssize_t take(self, float* mid, float* side, Py_ssize_t count) noexcept
    cdef void forget_ahead(self) noexcept
    cdef bint quiet(self, Py_ssize_t start, Py_ssize_t count) noexcept
    cdef bint quiet_behind(self) noexcept
    cdef Py_ssize_t accelerate(self, Py_ssize_t wanted, Py_ssize_t longest, double least_similarity) noexcept
    cdef Py_ssize_t expand(self, Py_ssize_t wanted, Py_ssize_t longest, double least_similarity) noexcept
    cdef double _power(self, Py_ssize_t start, Py_ssize_t count) noexcept
    cdef const float* _louder(self) noexcept
    cdef Py_ssize_t _find_lag(self, int direction, Py_ssize_t longest) noexcept
    cdef Py_ssize_t _refine_lag(
        self, const float* here, int direction, Py_ssize_t around, Py_ssize_t longest
    ) noexcept
    cdef Py_ssize_t _make_room(self, Py_ssize_t count) noexcept
