"""Speech recognition by sherpa-onnx: the only door to that library. It is imported when an engine is made."""

from collections import deque
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamer.captions.engine import RATE, WINDOW, Engine, Recogniser, StreamingRecogniser
from streamer.captions.models import Model
from streamer.captions.murmur import (
    LEAST_IN_COMMON,
    LEAST_RANGE_DB,
    SHIFT,
    in_common,
    is_doubtful,
    loudness_range_db,
)
from streamer.client.audio.samples import Samples
from streamer.errors import SetupError

_CONTEXT: Final = 64
"""Samples that silero VAD wants again before each window."""

_PADDING: Final = np.zeros(RATE // 5, dtype=np.float32)
"""0.2 s of silence at both ends: recognisers swallow words at a hard edge."""

_ANYTHING: Final = np.linspace(0.0, 0.1, RATE, dtype=np.float32)
"""A second that is no murmur."""

_THRESHOLD: Final = 0.5
"""Silero's own: higher swallows quiet talkers, lower takes music for a voice."""

_NO_MINIMUM_S: Final = 0.001
"""Endpoints are decided in endpoints.py, for all detectors alike."""

_HOW: Final = "Captions need the library sherpa-onnx: pip install 'streamer[captions]'"


def load_engine(model: Model, vad: Path, threads: int) -> Engine:
    """Reads the model, which takes seconds. Raises SetupError where the library or a file is missing."""
    try:
        import sherpa_onnx
    except ImportError as error:
        raise SetupError(f"{_HOW} ({error})") from None
    for path in (vad, *model.files.values()):
        if not path.is_file():  # the library would end the program
            raise SetupError(f"{path} is missing: get it with streamer captions --get-english")
    try:
        engine = Engine(_recogniser(sherpa_onnx, model, threads), lambda: SileroDetector(sherpa_onnx, vad))
    except (RuntimeError, ValueError) as error:
        raise SetupError(f"The model in {model.folder} can't be read: {error}") from None
    if not isinstance(engine.recogniser, StreamingRecogniser):
        engine.recogniser.recognise(_ANYTHING)  # the first time takes seconds
    return engine


def _recogniser(library: Any, model: Model, threads: int) -> Recogniser | StreamingRecogniser:
    files = {name: str(path) for name, path in model.files.items()}
    make = library.OnlineRecognizer if model.is_streaming else library.OfflineRecognizer
    options = {"model_type": "nemo_transducer"} if model.kind == "nemo" else {}
    made = getattr(make, model.maker)(**files, **options, num_threads=threads)
    return _Online(made) if model.is_streaming else _Offline(made)


class _Offline:
    """Whole talkspurts. Those of a murmur have no words: models of this kind invent some (see murmur.py)."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser

    def recognise(self, pcm_16k: Samples) -> str:
        range_db = loudness_range_db(pcm_16k)
        if range_db < LEAST_RANGE_DB:
            return ""
        words = self._decode(pcm_16k)
        if not words or not is_doubtful(pcm_16k, range_db):
            return words
        return words if in_common(words, self._decode(pcm_16k[SHIFT:])) >= LEAST_IN_COMMON else ""

    def _decode(self, pcm_16k: Samples) -> str:
        stream = self._recogniser.create_stream()
        stream.accept_waveform(RATE, np.concatenate((_PADDING, pcm_16k, _PADDING)))
        self._recogniser.decode_stream(stream)
        return str(stream.result.text).strip()


class _Online:
    """Talkspurts as they grow."""

    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser

    def begin(self) -> "_OnlineHearing":
        return _OnlineHearing(self._recogniser)


class _OnlineHearing:
    def __init__(self, recogniser: Any) -> None:
        self._recogniser = recogniser
        self._stream = recogniser.create_stream()
        self._stream.accept_waveform(RATE, _PADDING)

    def hear(self, pcm_16k: Samples) -> str:
        self._stream.accept_waveform(RATE, pcm_16k)
        while self._recogniser.is_ready(self._stream):
            self._recogniser.decode_stream(self._stream)
        return str(self._recogniser.get_result(self._stream)).strip()

    def finish(self) -> str:
        self._stream.accept_waveform(RATE, _PADDING)
        self._stream.input_finished()
        return self.hear(_PADDING[:0])


class SileroDetector:
    """Silero VAD of one talker: 0.15 ms of a core for each window of 32 ms, and 2 MiB."""

    def __init__(self, library: Any, vad: Path) -> None:
        silero = library.SileroVadModelConfig(
            model=str(vad),
            threshold=_THRESHOLD,
            min_silence_duration=_NO_MINIMUM_S,
            min_speech_duration=_NO_MINIMUM_S,
            window_size=WINDOW,
        )
        config = library.VadModelConfig(silero_vad=silero, sample_rate=RATE, num_threads=1)
        self._model = library.VadModel.create(config)
        self._context = deque([0.0] * _CONTEXT, maxlen=_CONTEXT)
        self._needs_context = self._model.window_size() > WINDOW  # versions before 5 want none

    def is_voice(self, window: Samples) -> bool:
        if not self._needs_context:
            return bool(self._model.is_speech(window))
        whole = np.concatenate((np.array(self._context, dtype=np.float32), window))
        self._context.extend(window[-_CONTEXT:].tolist())
        return bool(self._model.is_speech(whole))

    def reset(self) -> None:
        self._model.reset()
        self._context.extend([0.0] * _CONTEXT)
