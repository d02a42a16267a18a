"""Opus (RFC 6716), by libopus: the only door to opuslib.

opuslib looks for libopus when it is imported, so it is imported when a codec is made, and a machine without
libopus is told what to install. Encoding and decoding call the C functions directly, with buffers that are
made once.
"""

import ctypes
import sys
from functools import cache
from types import ModuleType
from typing import Any, Final

import numpy as np

from streamer.audio_format import (
    BITRATE,
    CHANNELS,
    DURATION_UNIT_SAMPLES,
    SAMPLE_RATE,
    SAMPLES_PER_FRAME,
    STEREO,
    bitrate_for,
)
from streamer.client.audio.samples import Samples, silence
from streamer.errors import AudioError
from streamer.wire.packet import HEADER, MAX_PACKET_BYTES

MAX_PAYLOAD_BYTES: Final = MAX_PACKET_BYTES - HEADER.size
MAX_DURATION_SAMPLES: Final = 5_760
"""120 ms, the longest that one Opus packet can last."""

CALM_PACKETS: Final = 4
"""Before packets become shorter, so many have to be encoded calmly, see `Encoder.is_calm`; with two it still
clicks."""

_COMPLEXITY: Final = 9
"""As libopus has it at first."""
_CALM_COMPLEXITY: Final = 4
"""The highest at which libopus uses no pitch filter."""
_RESTRICTED_LOWDELAY: Final = 2051
_PREDICTION_DISABLED: Final = 4042
"""OPUS_SET_PREDICTION_DISABLED_REQUEST in opus_defines.h: a packet tells all of itself, which takes more
bits."""
_STEREO_FLAG: Final = 0x04
"""In the first byte of a payload (RFC 6716, section 3.1)."""


@cache
def load_opus() -> ModuleType:
    """opuslib.api, its control functions made safe to call. Raises AudioError where libopus is missing."""
    try:
        import opuslib.api.ctl
        import opuslib.api.decoder
        import opuslib.api.encoder
    except Exception as error:  # what opuslib raises without libopus is a bare Exception
        raise AudioError(f"The Opus codec is missing ({error}): {_how_to_install()}") from error
    # Without its fixed arguments declared, a variadic call puts the others in the wrong place on 64-bit ARM
    # macOS.
    opuslib.api.encoder.libopus_ctl.argtypes = (opuslib.api.encoder.EncoderPointer, ctypes.c_int)
    api: ModuleType = opuslib.api
    return api


def _how_to_install() -> str:
    match sys.platform:
        case "darwin":
            return "install it with `brew install opus`"
        case "win32":
            return "put opus.dll on the PATH"
        case _:
            return "install the package libopus0 (`sudo apt-get install libopus0`; opus on Fedora and Arch)"


class Encoder:
    """One voice, or music, into payloads, with the least look-ahead that Opus has (2.5 ms).

    `bitrate` is that of packets of 10 ms, in bit/s: shorter ones get more, so that they sound as well.
    """

    def __init__(
        self, bitrate: int = BITRATE, frame_samples: int = SAMPLES_PER_FRAME, channels: int = CHANNELS
    ) -> None:
        opus = load_opus()
        self._api = opus.encoder
        self._set_bitrate, self._set_complexity = opus.ctl.set_bitrate, opus.ctl.set_complexity
        self._reset, self._set_independent = opus.ctl.reset_state, opus.ctl.ctl_set(_PREDICTION_DISABLED)
        self._state = self._api.create_state(SAMPLE_RATE, channels, _RESTRICTED_LOWDELAY)
        self._bitrate = bitrate
        self._channels = channels
        self._output = ctypes.create_string_buffer(MAX_PAYLOAD_BYTES)
        self._is_calm = False
        self._begins = False
        self._resize(frame_samples)

    @property
    def is_calm(self) -> bool:
        """True if it encodes without the pitch filter, whose memory does not fit a shorter packet: that
        clicks loudly.

        As measured with libopus 1.3 and 1.6. To a longer packet there is none.
        """
        return self._is_calm

    @is_calm.setter
    def is_calm(self, calm: bool) -> None:
        if calm != self._is_calm:
            self._is_calm = calm
            self._api.encoder_ctl(
                self._state, self._set_complexity, _CALM_COMPLEXITY if calm else _COMPLEXITY
            )

    def begin_anew(self) -> None:
        """What is encoded next builds upon nothing of before: of what was not sent, decoders know nothing."""
        self._api.encoder_ctl(self._state, self._reset)
        self._begins = True

    def _resize(self, n_samples: int) -> None:
        """Packets last so long from now on; what the encoder knows of the sound stays true."""
        self._samples = silence(n_samples, self._channels)
        self._input = _pointer(self._samples)
        bitrate = bitrate_for(self._bitrate, n_samples, self._channels)
        self._api.encoder_ctl(self._state, self._set_bitrate, bitrate)

    def encode(self, samples: Samples) -> bytes:
        """The payload of one packet; its length may be another than before, but one that Opus has."""
        if len(samples) != len(self._samples):
            self._resize(len(samples))
        self._samples[:] = samples
        if not np.isfinite(self._samples).all():  # it would stay in the encoder's state
            self._samples[~np.isfinite(self._samples)] = 0
        if self._begins:
            self._api.encoder_ctl(self._state, self._set_independent, 1)
        size = self._api.libopus_encode_float(
            self._state, self._input, len(self._samples), self._output, MAX_PAYLOAD_BYTES
        )
        if self._begins:
            self._api.encoder_ctl(self._state, self._set_independent, 0)
            self._begins = False
        if size < 0:
            raise AudioError(f"libopus could not encode (error {size})")
        return self._output.raw[:size]

    def __del__(self) -> None:
        if hasattr(self, "_state"):
            self._api.destroy(self._state)


class Decoder:
    """One talker's payloads into samples. A payload that is no Opus is concealed and counted: it never
    raises.

    Of stereo, the samples are mid, (L + R) / 2, and `side` is (L - R) / 2 of the same; None where it was
    mono. From the first stereo payload on everything is decoded as stereo, since Opus itself goes on from the
    one to the other.
    """

    def __init__(self, rate: int = SAMPLE_RATE) -> None:
        """`rate` is that of the samples, in Hz; Opus itself can do 8, 12, 16, 24 and 48 kHz."""
        self._rate = rate
        self._state = _DecoderState(CHANNELS, rate)
        self.side: Samples | None = None
        self.corrupt = 0

    def decode(self, payload: bytes) -> Samples:
        """The samples of `payload`, as many as it lasts; all are finite."""
        if payload and payload[0] & _STEREO_FLAG and self._state.channels < STEREO:
            self._state = _DecoderState(STEREO, self._rate)
        n_samples = self._state.decode(payload, MAX_DURATION_SAMPLES) if payload else 0
        if n_samples <= 0 or not self._is_finite(n_samples):
            self.corrupt += 1
            return self.conceal(SAMPLES_PER_FRAME * self._rate // SAMPLE_RATE)
        return self._decoded(n_samples)

    def conceal(self, n_samples: int) -> Samples:
        """What may have been said in `n_samples` that are missing (packet loss concealment), fading into
        silence."""
        whole = -(-n_samples // DURATION_UNIT_SAMPLES) * DURATION_UNIT_SAMPLES  # libopus has steps of 2.5 ms
        made = self._state.decode(b"", min(whole, MAX_DURATION_SAMPLES))
        if made < n_samples or not self._is_finite(n_samples):
            self.side = None
            return silence(n_samples)
        return self._decoded(n_samples)

    def _is_finite(self, n_samples: int) -> bool:
        """Else the decoder's state may not be so either, for good: a new one takes its place."""
        if np.isfinite(self._state.samples[:n_samples]).all():
            return True
        self._state = _DecoderState(self._state.channels, self._rate)
        return False

    def _decoded(self, n_samples: int) -> Samples:
        samples = self._state.samples[:n_samples]
        if self._state.channels == CHANNELS:
            return samples.copy()
        left, right = samples.T / 2
        self.side = left - right
        return np.asarray(left + right)


class _DecoderState:
    """A decoder of libopus, and where it writes to."""

    def __init__(self, channels: int, rate: int) -> None:
        self.channels = channels
        self.samples = silence(MAX_DURATION_SAMPLES, channels)
        self._api = load_opus().decoder
        self._state = self._api.create_state(rate, channels)
        self._output = _pointer(self.samples)

    def decode(self, payload: bytes, n_samples: int) -> int:
        size: int = self._api.libopus_decode_float(
            self._state, payload or None, len(payload), self._output, n_samples, 0
        )
        return size

    def __del__(self) -> None:
        if hasattr(self, "_state"):
            self._api.destroy(self._state)


def _pointer(samples: Samples) -> Any:
    return samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


assert np.dtype(ctypes.c_float) == np.float32
