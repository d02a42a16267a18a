# cython: language_level=3, boundscheck=False, wraparound=False
"""Packets of several talkers in one message (wire/PROTOCOL.md, Bundles): a phone wakes once for all.

A room holds what comes within a window in a Bundle, for those who take bundles, if TalkersAtOnce says so.
Listeners who are silent share one frame. Those who talk get another one, without their own packets.
Nothing is allocated for a packet, only for a message; a bundle is used again and again.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t
from libc.string cimport memcpy

from streamer.websocket.frames cimport BINARY, header_size, payload_at, write_header
from streamer.websocket.sink cimport Sink


cdef class TalkersAtOnce:
    """Who talked last: BEGIN_TALKERS within TALKING_US are many, until fewer than END_TALKERS are left."""

    def talk(self, Sink talker not None, int64_t now_us):
        """A packet of `talker` came. True if many talk at once now."""
        return self.on_packet(talker, now_us)

    cdef bint on_packet(self, Sink talker, int64_t now_us) noexcept:
        cdef int i = 0, needed = END_TALKERS if self._are_many else BEGIN_TALKERS
        cdef Talking* newest = self._newest
        while i < BEGIN_TALKERS - 1 and newest[i].talker != <PyObject*>talker:
            i += 1
        while i:
            newest[i] = newest[i - 1]
            i -= 1
        newest[0].talker, newest[0].heard_us = <PyObject*>talker, now_us
        cdef Talking* last = &newest[needed - 1]
        self._are_many = last.talker != NULL and now_us - last.heard_us < TALKING_US
        return self._are_many

    cdef void discard(self, Sink talker) noexcept:
        """It is gone, and its place in memory may soon be another's."""
        cdef int i, kept = 0
        for i in range(BEGIN_TALKERS):
            if self._newest[i].talker != <PyObject*>talker:
                self._newest[kept] = self._newest[i]
                kept += 1
        for i in range(kept, BEGIN_TALKERS):
            self._newest[i].talker = NULL


cdef class Bundle:
    """At most BUNDLE_PACKETS packets, in the order in which they came."""

    def __cinit__(self):
        self._size = 1

    def __dealloc__(self):
        self.clear()

    cdef bint has_room_for(self, bytes frame) noexcept:
        """True also if it is empty: a packet that is alone leaves as it is, however long it is."""
        cdef Py_ssize_t size = PyBytes_GET_SIZE(frame) - payload_at(frame)
        if not self.count:
            return True
        return self.count < BUNDLE_PACKETS and self._size + LENGTH_BYTES + size <= BUNDLE_BYTES

    cdef int add(self, bytes frame, Sink sender, int64_t arrived_us, int64_t now_us) except -1:
        """Only where there is room for it."""
        if self.count >= BUNDLE_PACKETS:
            raise IndexError("the bundle is full")
        cdef Held* held = &self._held[self.count]
        if not self.count:
            self.begun_us = now_us
        Py_INCREF(frame)
        Py_INCREF(sender)
        held.frame, held.sender, held.arrived_us = <PyObject*>frame, <PyObject*>sender, arrived_us
        held.at = payload_at(frame)
        held.size = PyBytes_GET_SIZE(frame) - held.at
        self.count += 1
        self._size += LENGTH_BYTES + held.size
        return 0

    cdef int shed(self, int64_t oldest_us) noexcept:
        """Drop what came before `oldest_us`; how many packets that was."""
        cdef int i, kept = 0, count = self.count
        for i in range(count):
            if self._held[i].arrived_us < oldest_us:
                self._size -= LENGTH_BYTES + self._held[i].size
                Py_DECREF(<object>self._held[i].frame)
                Py_DECREF(<object>self._held[i].sender)
            else:
                self._held[kept] = self._held[i]
                kept += 1
        self.count = kept
        return count - kept

    cdef int64_t waited_us(self, int64_t now_us) noexcept:
        """All packets together, since each came."""
        cdef int64_t waited_us = 0
        cdef int i
        for i in range(self.count):
            waited_us += now_us - self._held[i].arrived_us
        return waited_us

    cdef int count_for(self, Sink listener) noexcept:
        """How many packets are for this one: all but its own."""
        cdef int i, count = 0
        for i in range(self.count):
            count += self._held[i].sender != <PyObject*>listener
        return count

    cdef bytes frame_for(self, Sink listener, int count):
        """Of `count` packets, at least one, as `count_for` says."""
        cdef int i = 0
        if count == 1:
            while self._held[i].sender == <PyObject*>listener:
                i += 1
            return <bytes>self._held[i].frame
        if count < self.count:
            return self._join(listener)
        if self._whole is None:
            self._whole = self._join(None)
        return self._whole

    cdef int push_each(self, Sink listener) except -1:
        """Where something is before them, each waits by itself, and is shed by itself."""
        cdef int i
        for i in range(self.count):
            if self._held[i].sender != <PyObject*>listener:
                listener.push_voice(<bytes>self._held[i].frame, self._held[i].arrived_us)
        return 0

    cdef void clear(self) noexcept:
        cdef int i, count = self.count
        self.count = 0
        self._size = 1
        self._whole = None
        for i in range(count):
            Py_DECREF(<object>self._held[i].frame)
            Py_DECREF(<object>self._held[i].sender)

    cdef bytes _join(self, Sink left_out):
        """The frame of what all but `left_out` said."""
        cdef Py_ssize_t size = self._size
        cdef const Held* held
        cdef bytes joined
        cdef unsigned char* to
        cdef int i
        for i in range(self.count):
            if self._held[i].sender == <PyObject*>left_out:
                size -= LENGTH_BYTES + self._held[i].size
        joined = PyBytes_FromStringAndSize(NULL, header_size(size, False) + size)
        to = <unsigned char*>PyBytes_AS_STRING(joined)
        write_header(to, BINARY, size)
        to += header_size(size, False)
        to[0] = VERSION_AND_KIND
        to += 1
        for i in range(self.count):
            held = &self._held[i]
            if held.sender != <PyObject*>left_out:
                to[0], to[1] = held.size >> 8, held.size & 0xFF
                memcpy(to + LENGTH_BYTES, PyBytes_AS_STRING(<bytes>held.frame) + held.at, held.size)
                to += LENGTH_BYTES + held.size
        return joined
