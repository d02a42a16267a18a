cdef enum:
    HISTORY_SAMPLES = 960
    OVERLAP_SAMPLES = 240

cdef bint sound(const float* samples, Py_ssize_t count) noexcept nogil
cdef double product(const float* a, const float* b, Py_ssize_t count) noexcept nogil
cdef void put(
    float* to, const float* samples, Py_ssize_t count, double gain_from, double gain_to
) noexcept nogil
cdef void join(float* end, const float* samples, Py_ssize_t count) noexcept nogil
cdef void cut(float* now, Py_ssize_t lag) noexcept nogil
cdef void repeat(float* now, Py_ssize_t lag, Py_ssize_t ahead) noexcept nogil
