"""WebVTT (https://www.w3.org/TR/webvtt1/): who wrote or said what, and when, beside the sound."""

from typing import Final

HEADER: Final = b"WEBVTT\n\n"
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def cue(begin_s: float, end_s: float, name: str, text: str) -> bytes:
    """One cue with its speaker. Neither name nor text can end it, or be taken for markup."""
    lines = [line for line in _visible(text).split("\n") if line.strip()]
    said = "\n".join(lines).translate(_ESCAPES)
    times = f"{_timestamp(begin_s)} --> {_timestamp(max(end_s, begin_s + 0.001))}"
    return f"{times}\n{_voice(name)}{said}\n\n".encode(errors="replace")


def without_speaker(content: bytes, name: str) -> bytes:
    """The file without what `name` said."""
    voice = b"\n" + _voice(name).encode(errors="replace")
    cues = [block for block in content.split(b"\n\n") if voice not in block]
    return b"\n\n".join(cues)


def _voice(name: str) -> str:
    return f"<v {' '.join(_visible(name).split()).translate(_ESCAPES)}>"


def _visible(text: str) -> str:
    """All line ends as \\n, and nothing else that a reader could obey."""
    lines = "\n".join(text.splitlines())
    return "".join(each for each in lines if each == "\n" or each.isprintable())


def _timestamp(at_s: float) -> str:
    milliseconds = max(0, round(at_s * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
