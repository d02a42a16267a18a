from libc.stdint cimport int64_t


cdef enum:
    # Levels are dB above the lowest that a packet can say, 127 − its −dBov: more is louder.
    # −27 dBov: somebody near a microphone is louder, and to claim more brings nobody forward
    LOUDEST_DB = 100
    # Twice the amplitude: what a newcomer must be louder by, so that two alike do not alternate.
    MARGIN_DB = 6
    # What somebody who has a place for long loses: more than the margin, so equals take turns.
    LONG_DB = 7
    LONG_US = 20_000_000      # long: two or three sentences
    ATTACK_US = 40_000        # a syllable lasts 100 to 300 ms: its peak counts within one
    DECAY_US = 600_000        # and still counts at the next word
    # No voice for so long is between two words; stops (p, t, k) within a word take up to 100 ms.
    PAUSE_US = 120_000
    TRIAL_US = 300_000        # a first syllable and some of the second: enough to tell how loud somebody is
    ENDING_US = 2_000_000     # who lost the place may end the word; a voice that never pauses ends then
    GONE_US = 1_000_000       # without voice for so long, the place is free
    # Who was not loud enough is tried again after so long: a sentence; at once if it is louder now.
    RETRY_US = 3_000_000
    SPARE = 2                 # newcomers on trial, and those who end their word, beyond the places


cdef enum Standing:
    OUT, TRIAL, PLACE, ENDING


cdef class Talker:
    cdef Standing standing
    cdef int64_t since_us         # of this standing
    cdef int64_t heard_us         # the last packet, and
    cdef int64_t voiced_us        # the last one with voice; 0 before the first
    cdef double level_db
    cdef int64_t judged_us        # when it was not loud enough; 0 before
    cdef double judged_db
    cdef bint is_pinned

    cdef double standing_db(self, int64_t now_us) noexcept
    cdef bint pauses(self, int64_t now_us) noexcept
    cdef void lose(self, int64_t now_us) noexcept
    cdef bint is_over(self, int64_t now_us) noexcept
    cdef void become(self, Standing standing, int64_t now_us) noexcept


cdef class LoudestTalkers:
    cdef dict _talkers            # Talker by whatever stands for it
    cdef list _heard              # those of them whose standing is not OUT
    cdef readonly int places

    cdef bint admits_packet(self, object key, int level, bint is_voice, int64_t now_us) except -1
    cdef Talker _of(self, key)
    cdef bint _admits_newcomer(self, Talker talker, double level_db, int64_t now_us) except -1
    cdef bint _may_try(self, Talker talker, double level_db, int64_t now_us) except -1
    cdef int _judge(self, Talker talker, int64_t now_us) except -1
    cdef int _let_go(self, int64_t now_us) except -1
    cdef int _taken(self) except -1
    cdef Talker _weakest(self, int64_t now_us)
