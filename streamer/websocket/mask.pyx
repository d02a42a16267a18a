# cython: language_level=3, boundscheck=False, wraparound=False
"""Masking of WebSocket frames, in place (RFC 6455, section 5.3). Masking twice gives back the original."""

from os import urandom

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy


cdef void mask_bytes(
    unsigned char* data, Py_ssize_t size, const unsigned char* key, Py_ssize_t offset
) noexcept nogil:
    """XOR `size` bytes at `data` with the 4-byte `key`; `offset` is how many bytes of the payload came
    before."""
    cdef unsigned char rotated[4]
    cdef uint64_t wide, word
    cdef uint32_t narrow
    cdef Py_ssize_t i, words = size >> 3
    for i in range(4):
        rotated[i] = key[((offset & 3) + i) & 3]
    memcpy(&narrow, rotated, 4)
    wide = (<uint64_t>narrow << 32) | narrow
    for i in range(words):
        memcpy(&word, data + 8 * i, 8)
        word ^= wide
        memcpy(data + 8 * i, &word, 8)
    for i in range(8 * words, size):
        data[i] ^= rotated[i & 3]


def mask(bytearray data not None, bytes key not None, Py_ssize_t offset=0):
    """Mask or unmask `data` in place with the 4-byte `key`; `offset` is how many bytes of the payload came
    before.

    Raises ValueError where the key is not 4 bytes long.
    """
    if PyBytes_GET_SIZE(key) != 4:
        raise ValueError(f"a masking key is 4 bytes, not {len(key)}")
    mask_bytes(<unsigned char*>PyByteArray_AS_STRING(data), PyByteArray_GET_SIZE(data),
               <const unsigned char*>PyBytes_AS_STRING(key), offset)


cdef class MaskingKeys:
    """Masking keys that nobody can predict, as RFC 6455, section 10.3, wants of a client: one fresh key a
    frame.

    The operating system's random bytes are drawn 1,024 at a time: a system call for every 256 frames.
    """

    def __cinit__(self):
        self._pool = b""

    cdef void next_key(self, unsigned char* key) except *:
        if self._used == PyBytes_GET_SIZE(self._pool):
            self._pool = urandom(1024)
            self._used = 0
        memcpy(key, PyBytes_AS_STRING(self._pool) + self._used, 4)
        self._used += 4
