"""The certificate that the relay serves with, exchanged while it serves.

New connections get the new one; those that are open keep theirs, so people who talk notice nothing. Whatever
happens to files or clock while the relay runs, the last certificate goes on serving, and `troubles` says what
is wrong.
"""

import datetime
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from cryptography import x509

from streamer.relay.tls.authority import Authority
from streamer.relay.tls.dates import clock_trouble, date_trouble
from streamer.relay.tls.identity import Identity, LoadedIdentity
from streamer.relay.tls.trouble import Trouble


class Source(Protocol):
    """Where the certificate comes from."""

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> LoadedIdentity: ...

    def troubles(self, served: LoadedIdentity, now: datetime.datetime) -> Iterator[Trouble]:
        """What its host should know."""
        ...


class OwnFiles:
    """A certificate that somebody else renews."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._identity = Identity(cert, key)

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> LoadedIdentity:
        return self._identity.read()

    def troubles(self, served: LoadedIdentity, now: datetime.datetime) -> Iterator[Trouble]:
        yield from file_date_troubles(served, now)


class OwnAuthority:
    """A leaf of the relay's own authority, for just the names and addresses it has now."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def identity(self, names: Iterable[str], addresses: Iterable[str]) -> LoadedIdentity:
        return self._authority.leaf(names, addresses)

    def troubles(self, served: LoadedIdentity, now: datetime.datetime) -> Iterator[Trouble]:
        yield from self._authority.notes
        yield from filter(None, [authority_date_trouble(self._authority, now)])
        yield from self._authority.damage()


def file_date_troubles(identity: LoadedIdentity, now: datetime.datetime) -> list[Trouble]:
    """What is wrong with the dates of a certificate that somebody else made, and of those that came with
    it."""
    found = []
    for number, certificate in enumerate(identity.chain):
        what = (
            f"The certificate {identity.cert}"
            if number == 0
            else f"Certificate {number + 1} in {identity.cert}"
        )
        found.append(date_trouble(certificate, what, "renew it", now))
    return [trouble for trouble in found if trouble]


def authority_date_trouble(authority: Authority, now: datetime.datetime) -> Trouble | None:
    path = authority.certificate_path
    remedy = (
        f"remove {path.name} and ca-key.pem in {path.parent} and start again, which makes a new authority "
        "that all "
        "devices must install"
    )
    return date_trouble(authority.certificate, f"The certificate authority {path}", remedy, now)


class LiveCertificate:
    """One TLS context that goes on serving while its certificate changes; raises CertificateError at first
    use only."""

    def __init__(self, source: Source, names: Iterable[str], addresses: Iterable[str]) -> None:
        self._source = source
        self._served = source.identity(names, addresses)
        self.context = self._served.server_context()

    @property
    def hosts(self) -> list[str]:
        """The names and addresses that the certificate is for."""
        with suppress(ValueError, IndexError, x509.ExtensionNotFound):
            names = (
                self._served.chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            )
            addresses = map(str, names.get_values_for_type(x509.IPAddress))
            return [*names.get_values_for_type(x509.DNSName), *addresses]
        return []

    def covers(self, host: str) -> bool:
        """True if the certificate is for this name or address."""
        return any(
            host.lower() == each or _matches_wildcard(host.lower(), each)
            for each in map(str.lower, self.hosts)
        )

    def follow(self, names: Iterable[str], addresses: Iterable[str]) -> bool:
        """Serve what the source has now; returns True if that is another certificate.

        Raises CertificateError if the new one can't be used; the last one serves on then.
        """
        identity = self._source.identity(names, addresses)
        if identity == self._served:
            return False
        identity.server_context()  # both files may not have been written yet; the one in use must not break
        identity.load_into(self.context)
        self._served = identity
        return True

    def troubles(self, now: datetime.datetime) -> list[Trouble]:
        """What the host should know of certificate and clock."""
        found = filter(None, [clock_trouble(now)])
        return [*found, *self._source.troubles(self._served, now)]


def _matches_wildcard(host: str, pattern: str) -> bool:
    return pattern.startswith("*.") and host.partition(".")[2] == pattern[2:]
