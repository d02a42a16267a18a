cdef void mask_bytes(unsigned char* data, Py_ssize_t size, const unsigned char* key, Py_ssize_t offset) noexcept nogil
