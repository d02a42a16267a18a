"""Redzones between the arrays of one object, for scripts/memcheck; see redzone.h."""


cdef extern from "redzone.h" nogil:
    enum:
        REDZONE_BYTES
    void poison(char* zone)
    void unpoison(char* zone)
