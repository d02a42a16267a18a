"""A file for a program that talks: a sentence, said again and again."""

from pathlib import Path

from sound import SAMPLE_RATE, speech

from streamer.client.audio.wav_writer import WavWriter


def words_file(folder: Path, seconds: float) -> Path:
    """At least so many seconds of it."""
    path, sentence = folder / "words.wav", speech()
    writer = WavWriter(path, channels=1)
    for _ in range(1 + int(seconds * SAMPLE_RATE / len(sentence))):
        writer.write(sentence)
    writer.close()
    return path
