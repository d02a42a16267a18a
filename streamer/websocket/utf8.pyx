# cython: language_level=3, boundscheck=False, wraparound=False
"""UTF-8 checked as it comes (RFC 3629), in chunks cut anywhere: a bad byte is known at once, not at the
message's end."""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy


cdef bint utf8_feed(Utf8* state, const unsigned char* data, Py_ssize_t size) noexcept nogil:
    """Whether the text is UTF-8 so far. It is whole where `state.missing` is 0 afterwards."""
    cdef const unsigned char* end = data + size
    while data < end:
        if state.missing == 0:
            data = skip_ascii(data, end)
            if data == end:
                return True
            if not begin_character(state, data[0]):
                return False
        elif data[0] < state.lowest or data[0] > state.highest:
            return False
        else:
            state.missing -= 1
            state.lowest, state.highest = 0x80, 0xBF
        data += 1
    return True


cdef inline const unsigned char* skip_ascii(
    const unsigned char* data, const unsigned char* end
) noexcept nogil:
    cdef uint64_t word
    while end - data >= 8:
        memcpy(&word, data, 8)
        if word & <uint64_t>0x8080808080808080:
            break
        data += 8
    while data < end and data[0] < 0x80:
        data += 1
    return data


cdef inline bint begin_character(Utf8* state, unsigned char first) noexcept nogil:
    """Take a first byte ≥ 0x80: table 3-7 of the Unicode standard. No overlong form, surrogate or beyond
    U+10FFFF."""
    state.lowest, state.highest = 0x80, 0xBF
    if first < 0xC2 or first > 0xF4:
        return False
    state.missing = 1 if first < 0xE0 else 2 if first < 0xF0 else 3
    if first == 0xE0:
        state.lowest = 0xA0
    elif first == 0xED:
        state.highest = 0x9F
    elif first == 0xF0:
        state.lowest = 0x90
    elif first == 0xF4:
        state.highest = 0x8F
    return True
