"""The certificate that the relay serves with, exchanged while it serves.

New connections get the new one; those that are open keep theirs, so nobody who talks notices.
"""

import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from cryptography import x509

from streamer.errors import CertificateError
from streamer.relay.tls import Authority, Identity


class Source(Protocol):
    """Where the certificate comes from."""

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> Identity: ...


class OwnFiles:
    """A certificate that somebody else renews."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._identity = Identity(cert, key)

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> Identity:
        return self._identity


class OwnAuthority:
    """A leaf of the relay's own authority, for just the names and addresses it has now."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> Identity:
        return self._authority.leaf(names, addresses)


class LiveCertificate:
    """One TLS context that goes on serving while its certificate changes; raises CertificateError at first use only."""

    def __init__(self, source: Source, names: Iterable[str], addresses: Iterable[str]) -> None:
        self._source = source
        self._identity = source.identity(names, addresses)
        self.context = self._identity.server_context()
        self._loaded = _state(self._identity)

    @property
    def hosts(self) -> list[str]:
        """The names and addresses that the certificate is for."""
        certificate = x509.load_pem_x509_certificate(self._identity.cert.read_bytes())
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return []
        addresses = map(str, names.get_values_for_type(x509.IPAddress))
        return [*names.get_values_for_type(x509.DNSName), *addresses]

    def follow(self, names: Iterable[str], addresses: Iterable[str]) -> bool:
        """Serve what the source has now; gives whether that is another certificate.

        Raises CertificateError where the new one can't be used; the last one serves on then.
        """
        identity = self._source.identity(names, addresses)
        state = _state(identity)
        if state == self._loaded:
            return False
        self._loaded = state
        identity.server_context()  # both files may not have been written yet; the one in use must not break
        try:
            self.context.load_cert_chain(identity.cert, identity.key)
        except (OSError, ssl.SSLError) as error:
            raise CertificateError(f"{identity.cert} can't be used: {error}") from None
        return True


def _state(identity: Identity) -> list[tuple[int, int]]:
    """What changes when the files do."""
    try:
        return [(path.stat().st_mtime_ns, path.stat().st_ino) for path in (identity.cert, identity.key)]
    except OSError as error:
        raise CertificateError(f"{error.filename} can't be read: {error.strerror}") from None
