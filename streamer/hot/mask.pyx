# cython: language_level=3, boundscheck=False, wraparound=False
"""Masking of WebSocket frames, in place (RFC 6455, section 5.3). Masking twice gives back the original."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy


cdef void mask_bytes(unsigned char* data, Py_ssize_t size, const unsigned char* key, Py_ssize_t offset) noexcept nogil:
    """XOR `size` bytes at `data` with the 4-byte `key`; `offset` is how many bytes of the payload came before."""
    cdef unsigned char rotated[8]
    cdef uint64_t wide, word
    cdef Py_ssize_t i
    for i in range(8):
        rotated[i] = key[(offset + i) & 3]
    memcpy(&wide, rotated, 8)
    i = 0
    while i + 8 <= size:
        memcpy(&word, data + i, 8)
        word ^= wide
        memcpy(data + i, &word, 8)
        i += 8
    while i < size:
        data[i] ^= rotated[i & 7]
        i += 1


def mask(unsigned char[::1] data not None, bytes key not None, Py_ssize_t offset=0):
    """Mask or unmask `data` in place with the 4-byte `key`; `offset` is how many bytes of the payload came before.

    Raises ValueError where the key is not 4 bytes long.
    """
    if len(key) != 4:
        raise ValueError(f"a masking key is 4 bytes, not {len(key)}")
    if data.shape[0]:
        mask_bytes(&data[0], data.shape[0], key, offset)
