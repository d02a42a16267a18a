"""A sound file's content as Opus, piece by piece: what a relay says into a room."""

import tempfile
from pathlib import Path
from threading import Lock
from typing import Final

from streamer.audio_format import FRAME_DURATION, SAMPLE_RATE, SAMPLES_PER_FRAME
from streamer.client.audio.codec import Encoder
from streamer.client.audio.samples import level_of
from streamer.client.audio.wav_chunks import MAGICS
from streamer.client.audio.wav_files import FileReader
from streamer.errors import AudioError
from streamer.sounds import MAX_SOUND_S, Piece

VOICE_LEVEL: Final = 60
"""In −dBov: what is louder is shown as talking."""

_KINDS: Final = (*MAGICS, b"fLaC", b"OggS")
"""libsndfile reads many more. Some of their readers are little used, and one of them writes on our standard
error."""


class Recording:
    """Encoded as it is read, so that it begins at once, however long it is."""

    def __init__(self, content: bytes) -> None:
        if not content.startswith(_KINDS):
            raise AudioError("the body is neither WAV, nor FLAC, nor Ogg")
        with tempfile.TemporaryDirectory() as directory:  # the file stays readable for as long as it is open
            path = Path(directory) / "sound"
            path.write_bytes(content)
            try:
                self._reader = FileReader(path)
            except AudioError as error:
                raise AudioError(str(error).replace(str(path), "the body")) from None
        self._length = self._reader.n_samples or 0
        self.duration_s = self._length / SAMPLE_RATE
        if self.duration_s > MAX_SOUND_S:
            self._reader.close()
            raise AudioError(f"the sound is longer than {MAX_SOUND_S:.0f} s")
        self._encoder = Encoder()
        self._position = 0
        self._reading = Lock()
        self._is_closed = False

    def read(self, count: int) -> list[Piece]:
        with self._reading:
            pieces = [] if self._is_closed else self._encode(count)
        if self._is_closed:
            self._try_close()
        return pieces

    def close(self) -> None:
        """At once, or after what is being read in another thread: libsndfile knows no threads."""
        self._is_closed = True
        self._try_close()

    def _encode(self, count: int) -> list[Piece]:
        pieces: list[Piece] = []
        while len(pieces) < count and self._position < self._length:
            samples = self._reader.read(self._position, SAMPLES_PER_FRAME)
            level = level_of(samples)
            pieces.append(
                Piece(self._encoder.encode(samples), FRAME_DURATION, level, voice=level < VOICE_LEVEL)
            )
            self._position += SAMPLES_PER_FRAME
        return pieces

    def _try_close(self) -> None:
        """Where a thread is reading, that one closes when it has read."""
        if self._reading.acquire(blocking=False):
            try:
                self._reader.close()
            finally:
                self._reading.release()
