from libc.stdint cimport uint8_t


cdef struct Utf8:
    uint8_t missing       # continuation bytes still to come; 0 between characters
    uint8_t lowest        # what the next continuation byte may be
    uint8_t highest


cdef bint utf8_feed(Utf8* state, const unsigned char* data, Py_ssize_t size) noexcept nogil
