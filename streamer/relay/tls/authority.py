"""A certificate for a relay that has no public name.

The relay makes its own certificate authority, once, and with it a leaf for the addresses it has now. What it
has read or made once stays in memory: files that are damaged, removed or replaced while it runs change
nothing for it, and the next start says what is wrong with them. `certificate.py` looks after them while the
relay runs.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from streamer.errors import CertificateError, SetupError
from streamer.relay.state_files import locked, write_file
from streamer.relay.tls.identity import Identity as Identity
from streamer.relay.tls.identity import LoadedIdentity as LoadedIdentity
from streamer.relay.tls.identity import read_pem
from streamer.relay.tls.issuing import (
    LOCAL_DOMAINS,
    PRIVATE_NETWORKS,
    RENEW_DAYS,
    certificate_pem,
    key_pem,
    make_authority,
    make_leaf,
    new_key,
    parse_key,
    permits,
)
from streamer.relay.tls.trouble import Trouble

_LEAF_PATIENCE_S: Final = 1.0
"""For the lock, while people talk; a leaf that can't be stored is used anyway."""


class Authority:
    """The relay's own certificate authority, kept in `directory` with the leaf it made last.

    It is made if it is missing. Raises SetupError if its files can't be used, with the remedy.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ca = Identity(directory / "ca.pem", directory / "ca-key.pem")
        self._leaf_files = Identity(directory / "leaf.pem", directory / "leaf-key.pem")
        self._leaf: LoadedIdentity | None = None
        self.notes: list[Trouble] = []
        """What its host should hear of: something was made anew, or can't be kept."""
        certificate = self._read_certificate()
        if certificate is None:
            with locked(directory):
                certificate = self._read_certificate() or self._make()
        self.certificate = certificate
        self._key, self._key_trouble = self._read_key()
        read = {path: _read_if_possible(path) for path in (self._ca.cert, self._ca.key)}
        self._as_read = {path: content for path, content in read.items() if content}
        if self._key_trouble:
            self.notes.append(Trouble(self._key_trouble, self._remedy))

    @classmethod
    def exists_in(cls, directory: Path) -> bool:
        """Raises CertificateError if that can't be seen."""
        return bool(read_pem(directory / "ca.pem"))

    @property
    def certificate_path(self) -> Path:
        """What phones and `--ca` are given."""
        return self._ca.cert

    def covers(self, host: str) -> bool:
        """True if a leaf for this name or address will be accepted."""
        return bool(self._subject_names([host], [host]))

    def leaf(
        self, names: Iterable[str], addresses: Iterable[str], now: datetime.datetime | None = None
    ) -> LoadedIdentity:
        """A certificate for the local ones of `names` and `addresses`; the last one, where it still serves.

        Raises CertificateError where the authority's key is missing or can't be used.
        """
        wanted = self._subject_names(names, addresses)
        now = now or datetime.datetime.now(datetime.UTC)
        leaf = self._last_leaf(wanted, now)
        if leaf is None:
            if self._key is None:
                raise CertificateError(f"{self._key_trouble}. {self._remedy}")
            leaf = self._issue(self._key, wanted, now)
        self._leaf = leaf
        return leaf

    def damage(self) -> Iterator[Trouble]:
        """What has happened to the files since they were read; the relay goes on with what it has."""
        for path, wanted in self._as_read.items():
            try:
                found = read_pem(path)
            except CertificateError as error:
                yield Trouble(str(error), "This relay continues with what it read before.", works=True)
                continue
            if found != wanted:
                what = "is missing" if found is None else "has been changed"
                remedy = (
                    "This relay continues with the authority it has. Put the file back before the next "
                    "start; "
                    "otherwise devices must then install another authority."
                )
                yield Trouble(f"{path} {what}", remedy, works=True)

    def _subject_names(self, names: Iterable[str], addresses: Iterable[str]) -> list[x509.GeneralName]:
        """Only what the authority may vouch for: one foreign name would make the whole leaf invalid."""
        found = [*map(_local_name, dict.fromkeys(names)), *map(_private_address, dict.fromkeys(addresses))]
        return [name for name in dict.fromkeys(found) if name is not None and permits(self.certificate, name)]

    def _last_leaf(self, wanted: list[x509.GeneralName], now: datetime.datetime) -> LoadedIdentity | None:
        if self._leaf and self._serves(self._leaf, wanted, now):
            return self._leaf
        with suppress(CertificateError):
            kept = self._leaf_files.read()
            kept.server_context()
            if self._serves(kept, wanted, now):
                return kept
        return None

    def _serves(self, leaf: LoadedIdentity, wanted: list[x509.GeneralName], now: datetime.datetime) -> bool:
        try:
            certificate = leaf.chain[0]
            certificate.verify_directly_issued_by(self.certificate)
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (InvalidSignature, ValueError, TypeError, IndexError, x509.ExtensionNotFound):
            return False
        is_fresh = certificate.not_valid_after_utc - now > datetime.timedelta(days=RENEW_DAYS)
        return certificate.not_valid_before_utc <= now and is_fresh and set(wanted) == set(names)

    def _issue(
        self, key: ec.EllipticCurvePrivateKey, wanted: list[x509.GeneralName], now: datetime.datetime
    ) -> LoadedIdentity:
        leaf_key, files = new_key(), self._leaf_files
        certificate = make_leaf(leaf_key, self.certificate, key, wanted, now)
        leaf = LoadedIdentity(files.cert, files.key, certificate_pem(certificate), key_pem(leaf_key))
        try:
            with locked(self._directory, _LEAF_PATIENCE_S):
                write_file(files.key, leaf.key_pem)
                write_file(files.cert, leaf.cert_pem)
        except SetupError as error:
            self.notes.append(
                Trouble("The new certificate is in use, but can't be saved", str(error), works=True)
            )
        return leaf

    def _read_certificate(self) -> x509.Certificate | None:
        """Returns None if there is no file. An older version left an empty one if it was killed at its
        start."""
        pem = read_pem(self._ca.cert)
        if not pem:
            return None
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except (ValueError, x509.ExtensionNotFound):
            is_authority = False
        if not is_authority:
            raise CertificateError(
                f"{self._ca.cert} can't be used: it is not a certificate authority. {self._remedy}"
            )
        return certificate

    def _read_key(self) -> tuple[ec.EllipticCurvePrivateKey | None, str]:
        """Returns the key, or None and why it can't be used."""
        try:
            pem = read_pem(self._ca.key)
            if not pem:
                return None, f"{self._ca.key} is missing"
            key = parse_key(pem)
        except CertificateError as error:
            return None, str(error)
        except ValueError as error:
            return None, f"{self._ca.key} can't be used: {error}"
        if key.public_key() != self.certificate.public_key():
            return None, f"{self._ca.key} is not the private key of {self._ca.cert}"
        return key, ""

    @property
    def _remedy(self) -> str:
        return (
            f"Restore {self._ca.cert.name} and {self._ca.key.name}, or remove both and start again: that "
            "creates a new authority, which all devices must install."
        )

    def _make(self) -> x509.Certificate:
        """The key goes first: from it the certificate can be made again, if this is cut off in between."""
        had_leaf = bool(_read_if_possible(self._leaf_files.cert))
        pem = read_pem(self._ca.key)
        try:
            key = parse_key(pem) if pem else new_key()
        except ValueError as error:
            raise CertificateError(
                f"{self._ca.cert} is missing, and {self._ca.key} can't be used: {error}. {self._remedy}"
            ) from None
        if not pem:
            write_file(self._ca.key, key_pem(key))
        certificate = make_authority(key)
        write_file(self._ca.cert, certificate_pem(certificate))
        if had_leaf:
            remedy = "Devices that trusted the previous one must install the new one."
            self.notes.append(
                Trouble(f"{self._ca.cert} was missing, and has been created again", remedy, works=True)
            )
        return certificate


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a certificate, as phones show it."""
    return fingerprint_of_pem(certificate.read_text())


def fingerprint_of_pem(pem: str) -> str:
    return fingerprint_of(x509.load_pem_x509_certificate(pem.encode()))


def fingerprint_of(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def is_private(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in PRIVATE_NETWORKS)


def _local_name(name: str) -> x509.GeneralName | None:
    if not any(f".{name}".lower().endswith(f".{domain}") for domain in LOCAL_DOMAINS):
        return None
    try:
        return x509.DNSName(name.encode("idna").decode())
    except ValueError:
        return None


def _private_address(address: str) -> x509.GeneralName | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return x509.IPAddress(parsed) if is_private(str(parsed)) else None


def _read_if_possible(path: Path) -> bytes | None:
    with suppress(CertificateError):
        return read_pem(path)
    return None
