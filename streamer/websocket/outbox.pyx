# cython: language_level=3, boundscheck=False, wraparound=False
"""What waits to be written to one peer. Frames and a clock come in, batches go out; no output happens here.

Two queues. *Control* (text, pongs, the close frame) keeps its order and is never shed. *Voice* is a ring of
frames shared with every other listener, each with its time of arrival; what is older than a deadline is shed,
oldest first. A batch holds up to 4 KiB of control, then voice: so control never waits behind voice, and the
longest text delays voice by no more than a few packets' worth of bytes. An idle outbox holds 64 bytes.
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uint32_t


cdef class Outbox:
    def __cinit__(self):
        self._control = None

    def __dealloc__(self):
        self.clear_voice()

    cdef bint is_empty(self) noexcept:
        return self._voices == 0 and self.control_bytes == 0

    cdef int push_control(self, bytes frame) except -1:
        if self._control is None:
            self._control = []
        self._control.append(frame)
        self.control_bytes += PyBytes_GET_SIZE(frame)
        return 0

    cdef bint push_voice(self, bytes frame, int64_t now_us) except -1:
        """Put in a frame; whether the oldest had to go for it, since LARGEST_RING wait already."""
        cdef bint is_full = self._voices == LARGEST_RING
        if is_full:
            self._pop_voice()
        if self._voices == self._capacity:
            self._grow()
        cdef Waiting* waiting = &self._voice[(self._first + self._voices) & (self._capacity - 1)]
        Py_INCREF(frame)
        waiting.frame, waiting.arrived_us = <PyObject*>frame, now_us
        self._voices += 1
        return is_full

    cdef int shed(self, int64_t oldest_us) noexcept:
        """Drop the voice that came before `oldest_us`; how many packets that was."""
        cdef int count = 0
        while self._voices and self._voice[self._first].arrived_us < oldest_us:
            self._pop_voice()
            count += 1
        return count

    cdef int batch(self, PyObject** frames) noexcept:
        """Put what to write next, at most BATCH frames, into `frames` (borrowed until they are popped); how
        many."""
        cdef Py_ssize_t control_bytes = 0
        cdef int count = 0
        if self._control is not None:
            for frame in self._control:
                if count == BATCH or control_bytes >= CONTROL_BURST_BYTES:
                    break
                frames[count] = <PyObject*>frame
                control_bytes += PyBytes_GET_SIZE(frame)
                count += 1
        self._batch_controls = count
        cdef uint32_t i
        for i in range(min(<uint32_t>(BATCH - count), self._voices)):
            frames[count] = self._voice[(self._first + i) & (self._capacity - 1)].frame
            count += 1
        return count

    cdef int pop(self, int frames) except -1:
        """Forget the first `frames` frames of the last batch: they are written."""
        cdef int controls = min(frames, self._batch_controls), i, voices
        for i in range(controls):
            self.control_bytes -= len(<bytes>self._control[i])
        if controls:
            del self._control[:controls]
            if not self._control:
                self._control = None
        self._batch_controls -= controls
        voices = min(frames - controls, <int>self._voices)  # some may have been shed since
        for i in range(voices):
            self._pop_voice()
        if self._voices == 0 and self._capacity > SMALLEST_RING:
            self._release_ring()
        return 0

    cdef void clear_voice(self) noexcept:
        while self._voices:
            self._pop_voice()
        self._release_ring()

    cdef void _release_ring(self) noexcept:
        PyMem_Free(self._voice)
        self._voice = NULL
        self._capacity = self._first = 0

    cdef void _pop_voice(self) noexcept:
        Py_DECREF(<object>self._voice[self._first].frame)
        self._first = (self._first + 1) & (self._capacity - 1)
        self._voices -= 1

    cdef int _grow(self) except -1:
        cdef uint32_t i, capacity = max(<uint32_t>SMALLEST_RING, 2 * self._capacity)
        grown = <Waiting*>PyMem_Realloc(self._voice, capacity * sizeof(Waiting))
        if grown == NULL:
            raise MemoryError
        # what had wrapped round to the ring's start goes behind its old end
        for i in range(self._first if self._capacity else 0):
            grown[self._capacity + i] = grown[i]
        self._voice, self._capacity = grown, capacity
        return 0
