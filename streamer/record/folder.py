"""The folder of one recording: new files alone, appended to piece by piece, each piece whole or not there at
all.

Nothing that is there is ever overwritten: a folder that holds anything gets a folder of its own inside for
each further recording. No file stays open between two pieces, so that the number of talkers is no number of
open files. What the system refuses becomes a SetupError with the remedy; what was written before it stays as
it is.
"""

import errno
import os
import shutil
import stat
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Final

from streamer.errors import SetupError

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
MAX_TAKES: Final = 10_000
RESERVE_BYTES: Final = 131_072
"""Kept free for the end of the files where the disk is full: the last second of sixteen who talk at once at
64 kb/s."""

_RESERVE: Final = ".reserve"
_MAX_NAME_CHARACTERS: Final = 40
_MAX_NAME_BYTES: Final = 120
"""A file's name may have 255 bytes on all usual disks: this leaves room for a number, a take and the
ending."""

_REMEDIES: Final = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "your quota is used up: free some space",
    errno.EFBIG: "the limit for the size of files is reached: raise it (ulimit -f)",
    errno.EACCES: "you may not write there: choose another folder with --output",
    errno.EROFS: "the disk is read-only: choose another folder with --output",
    errno.ENOTDIR: "a file is in the place of the folder: choose another with --output",
    errno.EEXIST: "a file is in the place of the folder: choose another with --output",
    errno.ENOENT: "the folder is gone",
}


def file_name_of(name: str, number: int, suffix: str) -> str:
    """A name of a file for somebody's `name`, on any system: letters, digits and dashes behind a number."""
    normal = unicodedata.normalize("NFC", name)
    plain = "".join(each if each.isalnum() or unicodedata.category(each) == "Mn" else "-" for each in normal)
    words = "-".join(filter(None, plain.split("-")))[:_MAX_NAME_CHARACTERS]
    while len(words.encode(errors="replace")) > _MAX_NAME_BYTES:
        words = words[:-1]
    words = words.encode(errors="ignore").decode()
    return f"{number:02}-{words or 'talker'}{suffix}"


def is_plain(path: Path) -> bool:
    """True if it is a file itself: no link out of its folder, and no pipe that nobody writes."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def read_plain(path: Path, most_bytes: int = -1) -> bytes:
    """The first bytes of a file, or all. Raises OSError where it is none, or can't be read."""
    with open(path, "rb", opener=_to_look_at) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is not a file")
        return file.read(most_bytes)


def check_space(path: Path) -> None:
    """Raises SetupError where a recording in `path` could not begin; makes nothing."""
    place = path.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError:  # whoever makes the folder will read why
        return
    if free < RESERVE_BYTES:
        raise _in_words(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


class Folder:
    """Makes `path`, or, where that holds something already, `path/take-2` and so on. Raises SetupError."""

    def __init__(self, path: Path) -> None:
        was_there = path.exists()
        self.path = self._make(path)
        self._sizes: dict[str, int] = {}
        try:
            (self.path / _RESERVE).write_bytes(os.urandom(RESERVE_BYTES))  # zeros take no space on some disks
        except OSError as error:
            if error.errno == errno.EFBIG:  # a limit for single files leaves space for the others
                return
            self._undo(keeps_folder=was_there and self.path == path)
            raise _in_words(self.path, error) from None

    def create(self, name: str, content: bytes) -> None:
        """A new file; raises SetupError where it can't be made, or is there already."""
        try:
            os.close(os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, PRIVATE_FILE))
        except OSError as error:
            raise _in_words(self.path / name, error) from None
        self._sizes[name] = 0
        try:
            self.append(name, content)
        except SetupError:
            self.remove(name)  # an empty file would be in the way of the next attempt
            raise

    def append(self, name: str, content: bytes) -> None:
        """All of `content`, or none of it: raises SetupError then."""
        if content:
            self._write(name, self._sizes[name], content)
            self._sizes[name] += len(content)

    def overwrite_beginning(self, name: str, content: bytes) -> None:
        """Of a file of ours, which is longer."""
        self._write(name, 0, content)

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise _in_words(self.path / name, error) from None

    def replace(self, name: str, content: bytes) -> None:
        """The file has the new content or, where SetupError is raised, the previous one."""
        new = self.path / f".{name}.new"
        try:
            with open(new, "wb", opener=_private) as file:
                file.write(content)
            os.replace(new, self.path / name)
        except OSError as error:
            with suppress(OSError):
                new.unlink()
            raise _in_words(self.path / name, error) from None
        self._sizes[name] = len(content)

    def cut(self, name: str, content: bytes) -> None:
        """As `replace`, where something must go: on a full disk the file is written over, or else removed."""
        try:
            self.replace(name, content)
        except SetupError:
            self._write_over(name, content)

    def _write_over(self, name: str, content: bytes) -> None:
        """Takes no more space where `content` is shorter."""
        try:
            self._write(name, 0, content)
            os.truncate(self.path / name, len(content))
        except (OSError, SetupError) as error:
            self.remove(name)
            raise error if isinstance(error, SetupError) else _in_words(self.path / name, error) from None
        self._sizes[name] = len(content)

    def remove(self, name: str) -> None:
        with suppress(FileNotFoundError):
            (self.path / name).unlink()
        self._sizes.pop(name, None)

    def free_reserve(self) -> None:
        """The end is near: it may need the space."""
        with suppress(OSError):
            (self.path / _RESERVE).unlink()

    def _undo(self, *, keeps_folder: bool) -> None:
        """A recording that can't begin leaves nothing, least of all less space."""
        self.free_reserve()
        if not keeps_folder:
            with suppress(OSError):
                self.path.rmdir()

    def _write(self, name: str, at: int, content: bytes) -> None:
        path = self.path / name
        try:
            handle = os.open(path, os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | _BINARY)
        except OSError as error:
            raise _in_words(path, error) from None
        try:
            os.lseek(handle, at, os.SEEK_SET)
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(handle, max(at, self._sizes[name]))
            raise _in_words(path, error) from None
        finally:
            os.close(handle)

    @staticmethod
    def _make(path: Path) -> Path:
        try:
            path.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            if not any(path.iterdir()) and _is_first(path):
                return path
            for number in range(2, MAX_TAKES):
                take = path / f"take-{number}"
                with suppress(FileExistsError):
                    take.mkdir(PRIVATE_FOLDER)
                    return take
        except OSError as error:
            raise _in_words(path, error) from None
        raise SetupError(f"{path} holds {MAX_TAKES:,} recordings: choose another folder with --output")


def _is_first(path: Path) -> bool:
    """Of two recorders that begin in the same empty folder, one is."""
    try:
        os.close(os.open(path / _RESERVE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
    except FileExistsError:
        return False
    return True


def _to_look_at(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), PRIVATE_FILE)


def _in_words(path: Path, error: OSError) -> SetupError:
    remedy = _REMEDIES.get(error.errno or 0, error.strerror or str(error))
    return SetupError(f"{path} can't be written: {remedy}")


_BINARY: Final = getattr(os, "O_BINARY", 0)
