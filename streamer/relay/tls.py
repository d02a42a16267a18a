"""A certificate for a relay that has no public name.

The relay makes its own certificate authority, once, and with it a leaf for the addresses it has now. Phones are asked
to trust the authority, so it is name-constrained: critically, to local names and private addresses (RFC 5280, section
4.2.1.10). Whoever steals its key can't pose as any site of the public web.
"""

import datetime
import ipaddress
import platform
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from streamer.errors import CertificateError

LOCAL_DOMAINS: Final = ("local", "localhost", "home.arpa")
PRIVATE_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
AUTHORITY_DAYS: Final = 3650
LEAF_DAYS: Final = 180
RENEW_DAYS: Final = 30

_BACKDATE: Final = datetime.timedelta(days=1)
"""For a phone whose clock is behind."""


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key, as files in PEM."""

    cert: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Raises CertificateError where the files can't be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.cert, self.key, password=_refuse_password)
        except FileNotFoundError:
            missing = next((path for path in (self.cert, self.key) if not path.exists()), self.cert)
            raise CertificateError(f"there is no file {missing}") from None
        except ssl.SSLError as error:
            raise CertificateError(self._explain(error)) from None
        except (OSError, ValueError) as error:
            raise CertificateError(f"{self.cert} and {self.key} can't be read: {error}") from None
        return context

    def _explain(self, error: ssl.SSLError) -> str:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{self.key} is not the private key of the certificate {self.cert}"
        return f"{self.cert} and {self.key} are not a certificate and its private key in PEM ({error.reason or error})"


class Authority:
    """The relay's own certificate authority, kept in `directory` with the leaf it made last."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ca = Identity(directory / "ca.pem", directory / "ca-key.pem")
        self._leaf = Identity(directory / "leaf.pem", directory / "leaf-key.pem")
        if not (self._ca.cert.exists() and self._ca.key.exists()):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_authority(self._ca)

    @property
    def certificate_path(self) -> Path:
        """What phones and `--ca` are given."""
        return self._ca.cert

    def leaf(self, names: Iterable[str], addresses: Iterable[str], now: datetime.datetime | None = None) -> Identity:
        """A certificate for the local ones of `names` and `addresses`; the last one, where it still serves.

        Raises CertificateError where the authority's files can't be used.
        """
        wanted = _subject_names(names, addresses)
        now = now or datetime.datetime.now(datetime.UTC)
        if not self._still_serves(wanted, now):
            certificate, key = _load(self._ca)
            _make_leaf(self._leaf, certificate, key, wanted, now)
        return self._leaf

    def _still_serves(self, wanted: list[x509.GeneralName], now: datetime.datetime) -> bool:
        if not (self._leaf.cert.exists() and self._leaf.key.exists()):
            return False
        try:
            leaf, _ = _load(self._leaf)
            leaf.verify_directly_issued_by(_load(self._ca)[0])
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (CertificateError, ValueError, TypeError, x509.ExtensionNotFound):
            return False
        is_fresh = leaf.not_valid_after_utc - now > datetime.timedelta(days=RENEW_DAYS)
        return is_fresh and set(wanted) == set(names)


def fingerprint(certificate: Path) -> str:
    """SHA-256 of a certificate, as phones show it."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256())
    return digest.hex(":").upper()


def is_private(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in PRIVATE_NETWORKS)


def _subject_names(names: Iterable[str], addresses: Iterable[str]) -> list[x509.GeneralName]:
    """Only what the authority may vouch for: one foreign name would make the whole leaf invalid."""
    local = [name for name in dict.fromkeys(names) if name.rsplit(".", 1)[-1] in ("local", "localhost")]
    private = [ipaddress.ip_address(address) for address in dict.fromkeys(addresses) if is_private(address)]
    return [*map(x509.DNSName, local), *map(x509.IPAddress, private)]


def _make_authority(identity: Identity) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"streamer on {platform.node()}"[:64])])
    permitted = [*map(x509.DNSName, LOCAL_DOMAINS), *map(x509.IPAddress, PRIVATE_NETWORKS)]
    builder = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS, datetime.datetime.now(datetime.UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    _write(identity, builder.sign(key, hashes.SHA256()), key)


def _make_leaf(
    identity: Identity,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject_names: list[x509.GeneralName],
    now: datetime.datetime,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "streamer")])
    issuer_key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(name, issuer.subject, key.public_key(), LEAF_DAYS, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(subject_names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_key_id), critical=False)
    )
    _write(identity, builder.sign(issuer_key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int, now: datetime.datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - _BACKDATE,
        not_valid_after=now + datetime.timedelta(days=days) - _BACKDATE,
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write(identity: Identity, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    for path in (identity.cert, identity.key):
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
    identity.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    identity.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _load(identity: Identity) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(identity.cert.read_bytes())
        key = serialization.load_pem_private_key(identity.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise CertificateError(f"{identity.cert} and {identity.key} can't be used: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateError(f"{identity.key} is not an elliptic-curve key, as this relay makes them")
    return certificate, key


def _refuse_password() -> str:
    raise ValueError("the private key has a password; give one without")
