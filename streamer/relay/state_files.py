"""Small files that outlive the relay, written completely or not at all.

New content goes to a temporary file in the same directory and to the disk (fsync), and only then takes the
file's name. A reader sees the previous content or the new one, even if the relay is killed or the disk is
full. A temporary file that a killed relay left behind is removed by the next one that takes the directory's
lock: the writer holds a lock on it for as long as it lives.

Everything that the system refuses here becomes a SetupError, which names the file and the remedy.
"""

import errno
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from streamer.errors import SetupError

LOCK: Final = ".lock"
PATIENCE_S: Final = 10.0
"""How long a start waits for another one: a first start takes well below 1 s, on a busy small computer a
few."""
MAX_BYTES: Final = 4 << 20
"""No file here comes near; what is longer is not ours, and is not read into memory."""

MAX_QUOTED_CHARACTERS: Final = 120
"""Of what is wrong with a file: a line and a half of a terminal; the file may hold a secret further on."""

_RETRY_S: Final = 0.01
"""From one try to lock a file to the next: another process holds it for about a millisecond."""

_PRIVATE: Final = 0o600
_REMEDIES: Final = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EFBIG: "raise the limit for the size of files (ulimit -f)",
    errno.EACCES: "give it to this user (chown, chmod), or choose another directory with --data-dir",
    errno.EPERM: "give it to this user (chown, chmod, chattr), or choose another directory with --data-dir",
    errno.EROFS: "choose a directory on another disk with --data-dir",
    errno.EISDIR: "move it away",
    errno.ENOTDIR: "move away what is in the place of the directory, or choose another with --data-dir",
    errno.EEXIST: "move away what is in the place of the directory, or choose another with --data-dir",
    errno.ELOOP: "remove this link",
    errno.EMFILE: "close some connections, or raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end some programs: this computer has too many files open",
}
_LOCK_HELD: Final = {errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK}

_in_this_process: Final = threading.RLock()
_locked: Final[set[Path]] = set()


def read_file(path: Path) -> bytes | None:
    """The content of `path`, None if there is no such file; raises SetupError if it can't be read.

    Never waits: anything but a regular file (a pipe, a device) is refused.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _in_words(path, "read", error) from None
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            raise SetupError(f"{path} can't be read: it is {what}; move it away")
        with open(handle, "rb", closefd=False) as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _in_words(path, "read", error) from None
    finally:
        os.close(handle)
    if len(content) > MAX_BYTES:
        raise SetupError(f"{path} can't be read: it is longer than {MAX_BYTES} bytes; move it away")
    return content


def shortly(error: Exception) -> str:
    """What is wrong with the content of a file, in one line that a message can quote."""
    return " ".join(str(error).split())[:MAX_QUOTED_CHARACTERS] or type(error).__name__


def write_file(path: Path, content: bytes) -> None:
    """`path` has `content` from now on, for its owner alone; if SetupError is raised, it is as it was
    before."""
    PendingFile(path, content).commit()


class PendingFile:
    """Content that is safely on the disk, and not yet under its name: `commit` gives it that, `discard` drops
    it.

    Raises SetupError if it can't be stored; `path` is untouched until `commit`.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
        with locked(path.parent):
            try:
                self._handle: int | None = os.open(
                    self._temporary,
                    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0),
                    _PRIVATE,
                )
                _try_lock(self._handle)
                self._fill(self._handle, content)
            except OSError as error:
                self.discard()
                raise _in_words(path, "written", error) from None

    @staticmethod
    def _fill(handle: int, content: bytes) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)

    def commit(self) -> None:
        """Raises SetupError if that can't be done; `path` is as before then."""
        if sys.platform == "win32":
            self._close()  # an open file can't be renamed there
        try:
            os.replace(self._temporary, self._path)
        except OSError as error:
            self.discard()
            raise _in_words(self._path, "written", error) from None
        self._close()
        _sync_directory(self._path.parent)

    def discard(self) -> None:
        self._close()
        with suppress(OSError):
            self._temporary.unlink()

    def _close(self) -> None:
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            with suppress(OSError):
                os.close(handle)


@contextmanager
def locked(directory: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Until the block ends, no other relay writes in `directory`, which is made if it is missing.

    One process may take it again inside. Raises SetupError if another process keeps it for longer than
    `patience_s`, or if this user can't write there.
    """
    with _in_this_process:
        if directory in _locked:
            yield
            return
        handle = _open_lock(directory)
        try:
            _wait_for_lock(handle, directory, patience_s)
            _locked.add(directory)
            _remove_leftovers(directory)
            yield
        finally:
            _locked.discard(directory)
            os.close(handle)


def _open_lock(directory: Path) -> int:
    """The directory itself can be locked, so that nothing more is written; not on Windows, where a file has
    to do."""
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sys.platform == "win32":
            return os.open(directory / LOCK, os.O_RDWR | os.O_CREAT, _PRIVATE)
        return os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise _in_words(directory, "used", error) from None


def _wait_for_lock(handle: int, directory: Path, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    while not _try_lock(handle):
        if time.monotonic() >= end:
            raise SetupError(
                f"another relay has locked {directory}: wait until it has started, stop it, or choose "
                "another "
                "directory with --data-dir"
            )
        time.sleep(_RETRY_S)


def _try_lock(handle: int) -> bool:
    """True if nobody else has the lock; also where the file system knows no locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _LOCK_HELD
    return True


def _remove_leftovers(directory: Path) -> None:
    """The temporary files of writers that were killed."""
    with suppress(OSError):
        for path in directory.glob(".*.new"):
            with suppress(OSError):
                _remove_if_abandoned(path)


def _remove_if_abandoned(path: Path) -> None:
    handle = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    try:
        is_abandoned = _try_lock(handle)
    finally:
        os.close(handle)
    if is_abandoned:
        path.unlink()


def _sync_directory(directory: Path) -> None:
    """The new name goes to the disk, too; where a system can't do that, it does it in its own time."""
    if sys.platform == "win32":
        return
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _in_words(path: Path, done: str, error: OSError) -> SetupError:
    reason = error.strerror or str(error)
    remedy = _REMEDIES.get(error.errno or 0)
    return SetupError(f"{path} can't be {done}: {reason}" + (f"; {remedy}" if remedy else ""))
