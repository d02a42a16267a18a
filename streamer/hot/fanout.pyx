# cython: language_level=3, boundscheck=False, wraparound=False
"""From one talker to many listeners: one serialized frame for all; a pointer each, no copy, no task."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t

from streamer.hot.frames cimport BINARY, serialize
from streamer.hot.sink cimport Flusher, Sink, monotonic_us


cdef class Fanout:
    """The sinks of one room."""

    def __cinit__(self):
        self._sinks = []

    def __len__(self):
        return len(self._sinks)

    def add(self, Sink sink not None):
        self._sinks.append(sink)

    def discard(self, Sink sink not None):
        if sink in self._sinks:
            self._sinks.remove(sink)

    def send(self, bytes packet not None, Sink sender not None):
        """Give a packet, its talker_id stamped, to everybody but `sender`."""
        frame = serialize(BINARY, <const unsigned char*>PyBytes_AS_STRING(packet), PyBytes_GET_SIZE(packet), None)
        self.push(frame, sender, monotonic_us())

    cdef int push(self, bytes frame, Sink sender, int64_t now_us) except -1:
        """Give `frame` to everybody but `sender`: at once where nothing else is going on, else in one write with it."""
        cdef Sink sink
        cdef Flusher flusher = sender.flusher
        cdef bint at_once = flusher.is_idle(now_us)
        for sink in self._sinks:
            if sink is not sender and not (at_once and sink.write_at_once(frame)):
                sink.push_voice(frame, now_us)
        if at_once:
            flusher._wrote_us = monotonic_us()
        return 0
