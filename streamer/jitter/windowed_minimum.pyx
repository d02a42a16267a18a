# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The least value of the last one to two windows of time, in constant time and memory.

Twin of web/shared/windowed_minimum.js. The plan: the least of this window and of the one before. It forgets
at once a least value that is two windows old, and never one that is younger than one window.
"""

from libc.math cimport INFINITY


cdef class WindowedMinimum:
    """The least value of the last one to two windows, in constant time and memory."""

    def __cinit__(self):
        self.reset()

    def __init__(self, double window_ms):
        self._window_ms = window_ms

    cpdef void reset(self) noexcept:
        self._since_ms = -INFINITY
        self._current = INFINITY
        self._previous = INFINITY

    cpdef double update(self, double now_ms, double value) noexcept:
        """Take in one value and return the least. What is not finite is left out."""
        if not (-INFINITY < now_ms < INFINITY and -INFINITY < value < INFINITY):
            return self._current if self._current < self._previous else self._previous
        cdef double elapsed = now_ms - self._since_ms
        if elapsed < -self._window_ms:  # the clock was put back
            self.reset()
            elapsed = INFINITY
        if elapsed >= self._window_ms:
            self._previous = self._current if elapsed < 2 * self._window_ms else INFINITY
            self._current = INFINITY
            self._since_ms = now_ms
        if value < self._current:
            self._current = value
        return self._current if self._current < self._previous else self._previous
