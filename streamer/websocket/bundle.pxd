"""Packets of several talkers that leave as one message, and when that pays (wire/PROTOCOL.md, Bundles)."""

from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from streamer.websocket.sink cimport Sink


cdef enum:
    BEGIN_TALKERS = 4         # with 3 there is too little to join: 2 of 38 % of a core
    END_TALKERS = 3           # fewer end it: one who comes and goes does not switch it again and again
    TALKING_US = 100_000      # since the last packet: the longest lasts 60 ms, and may be late
    WINDOW_US = 2_500         # what one packet may wait for others
    TIMER_MS = 2              # of a window: event loops count in whole ms, and end a little later
    LATE_US = 5_000           # a window that lasted so long: the machine has no time for them
    REST_US = 250_000         # then nothing waits for so long: a busy moment of a machine
    SHORTEST_DEADLINE_US = 10_000  # where voice is stale sooner, none waits here: four windows
    BUNDLE_PACKETS = 16       # twice what eight talkers say in a window, in the shortest packets
    BUNDLE_BYTES = 1_500      # of a message: as much as the longest packet, and one segment of an Ethernet
    LENGTH_BYTES = 2          # before each packet
    VERSION_AND_KIND = 0x11   # version 1, kind 1


cdef struct Talking:
    PyObject* talker          # borrowed, and only compared
    int64_t heard_us


cdef struct Held:
    PyObject* frame           # owned, as is the sender
    PyObject* sender
    int64_t arrived_us
    Py_ssize_t at             # of the packet in its frame
    Py_ssize_t size


cdef class TalkersAtOnce:
    cdef Talking _newest[BEGIN_TALKERS]  # the last one first; NULL where there is none
    cdef bint _are_many

    cdef bint on_packet(self, Sink talker, int64_t now_us) noexcept
    cdef void discard(self, Sink talker) noexcept


cdef class Bundle:
    cdef Held _held[BUNDLE_PACKETS]
    cdef int count
    cdef Py_ssize_t _size         # of a message that holds them all
    cdef int64_t begun_us         # when the first one came here
    cdef bytes _whole             # made when it is needed

    cdef bint has_room_for(self, bytes frame) noexcept
    cdef int add(self, bytes frame, Sink sender, int64_t arrived_us, int64_t now_us) except -1
    cdef int shed(self, int64_t oldest_us) noexcept
    cdef int64_t waited_us(self, int64_t now_us) noexcept
    cdef int count_for(self, Sink listener) noexcept
    cdef bytes frame_for(self, Sink listener, int count)
    cdef int push_each(self, Sink listener) except -1
    cdef void clear(self) noexcept
    cdef bytes _join(self, Sink left_out)
