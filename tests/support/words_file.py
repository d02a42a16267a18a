"""A program that talks: a sentence from a file, said again and again."""

from pathlib import Path

from processes import RelayProcess, StreamerProcess
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


def ben_talks(folder: Path, relay: RelayProcess, seconds: float) -> StreamerProcess:
    """Ben, a desktop client that comes into the relay's room and talks for at least so long."""
    voice = words_file(folder, seconds)
    arguments = ("talk", relay.link, "--ca", relay.authority, "--input", voice, "--name", "Ben")
    return StreamerProcess(folder / "ben", *arguments)
