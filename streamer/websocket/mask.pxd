cdef void mask_bytes(
    unsigned char* data, Py_ssize_t size, const unsigned char* key, Py_ssize_t offset
) noexcept nogil


cdef class MaskingKeys:
    cdef bytes _pool
    cdef Py_ssize_t _used

    cdef void next_key(self, unsigned char* key) except *
