"""A certificate and its private key: as files, and as what was in them at one moment."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from streamer.errors import CertificateError, SetupError
from streamer.relay.state_files import read_file


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, as files in PEM."""

    cert: Path
    key: Path

    def read(self) -> "LoadedIdentity":
        """Raises CertificateError if a file can't be read."""
        contents = []
        for path in (self.cert, self.key):
            content = read_pem(path)
            if content is None:
                raise CertificateError(f"{path} does not exist")
            contents.append(content)
        return self.loaded(*contents)

    def loaded(self, cert_pem: bytes, key_pem: bytes) -> "LoadedIdentity":
        return LoadedIdentity(self.cert, self.key, cert_pem, key_pem)

    def server_context(self) -> ssl.SSLContext:
        """Raises CertificateError where the files can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.read().load_into(context)
        return context


@dataclass(frozen=True)
class LoadedIdentity(Identity):
    """The content of both files as it was at one moment, whatever becomes of them."""

    cert_pem: bytes
    key_pem: bytes

    def read(self) -> "LoadedIdentity":
        return self

    def load_into(self, context: ssl.SSLContext) -> None:
        """From now on `context` serves with it; raises CertificateError if they don't go together."""
        try:
            with _as_file(self.cert_pem) as cert, _as_file(self.key_pem) as key:
                context.load_cert_chain(cert, key, password=_refuse_password)
        except ssl.SSLError as error:
            raise CertificateError(self._explain(error)) from None
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.cert} and {self.key} can't be used: {error}") from None

    @property
    def chain(self) -> list[x509.Certificate]:
        """The leaf and what came with it; nothing if it can't be parsed."""
        with suppress(ValueError):
            return x509.load_pem_x509_certificates(self.cert_pem)
        return []

    def _explain(self, error: ssl.SSLError) -> str:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{self.key} is not the private key of the certificate {self.cert}"
        why = error.reason or error
        return f"{self.cert} and {self.key} are not a PEM certificate and its private key ({why})"


def read_pem(path: Path) -> bytes | None:
    """The content of `path`, None if there is no such file; raises CertificateError if it can't be read."""
    try:
        return read_file(path)
    except SetupError as error:
        raise CertificateError(str(error)) from None


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """OpenSSL reads certificates from files alone. Where there is memory with a file's name, the disk is not
    needed."""
    if hasattr(os, "memfd_create") and os.path.exists("/proc/self/fd"):
        with open(os.memfd_create("streamer"), "wb", buffering=0) as file:
            file.write(content)
            yield f"/proc/self/fd/{file.fileno()}"
        return
    handle, name = tempfile.mkstemp()
    try:
        with open(handle, "wb") as file:
            file.write(content)
        yield name
    finally:
        os.unlink(name)


def _refuse_password() -> str:
    raise ValueError("the private key has a password; use one without")
