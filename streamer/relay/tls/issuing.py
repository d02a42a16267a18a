"""How the relay's certificates are made: an authority that phones are asked to trust, and leaves for its
addresses.

The authority is name-constrained: critically, to local names and private addresses (RFC 5280, section
4.2.1.10), and it may vouch for servers alone (section 4.2.1.12). Anyone who steals its key can't pose as a
site of the public web, and can't sign as anybody's e-mail.
"""

import datetime
import ipaddress
import platform
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCAL_DOMAINS: Final = ("local", "localhost", "home.arpa")
PRIVATE_NETWORKS: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # shared address space (RFC 6598), as VPNs like Tailscale give it to their members
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)

AUTHORITY_BEGINS: Final = datetime.datetime(1980, 1, 1, tzinfo=datetime.UTC)
AUTHORITY_ENDS: Final = datetime.datetime(2049, 12, 31, tzinfo=datetime.UTC)
"""Fixed days, so that a clock that is wrong at the first start does no harm for good: many small computers
begin in 1970 or 2014 until the network tells them the time. From 2050 on, certificates write dates in another
form."""
LEAF_DAYS: Final = 180
RENEW_DAYS: Final = 30
BACKDATE_DAYS: Final = 365
"""A phone's clock may be behind, or the relay's ahead. With LEAF_DAYS it is well below the 825 days that
Apple's systems accept."""

_MAX_COMMON_NAME_BYTES: Final = 64
"""RFC 5280, appendix A.1, counts characters; not every reader does."""


def make_authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(f"streamer on {platform.node() or 'this computer'}")
    permitted = [*map(x509.DNSName, LOCAL_DOMAINS), *map(x509.IPAddress, PRIVATE_NETWORKS)]
    return (
        _builder(name, name, key.public_key(), AUTHORITY_BEGINS, AUTHORITY_ENDS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def make_leaf(
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    subject_names: list[x509.GeneralName],
    now: datetime.datetime,
) -> x509.Certificate:
    begins, ends = now - datetime.timedelta(days=BACKDATE_DAYS), now + datetime.timedelta(days=LEAF_DAYS - 1)
    return (
        _builder(_name("streamer"), issuer.subject, key.public_key(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(subject_names), critical=False)
        .add_extension(_issuer_key_id(issuer), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def parse_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Raises ValueError if it is not a private key as this module makes them."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError:
        raise ValueError("it has a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("it is not an elliptic-curve key, which this relay needs")
    return key


def permits(issuer: x509.Certificate, name: x509.GeneralName) -> bool:
    """True if the issuer's constraints let it vouch for this name or address."""
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return True
    permitted = [each for each in constraints.permitted_subtrees or [] if type(each) is type(name)]
    return not permitted or any(_is_within(name, each) for each in permitted)


def _is_within(name: x509.GeneralName, subtree: x509.GeneralName) -> bool:
    if isinstance(name, x509.IPAddress):
        network = subtree.value
        is_network = isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network)
        return is_network and name.value in network
    domain = str(subtree.value).lower().removeprefix(".")
    return f".{name.value}".lower().endswith(f".{domain}")


def _issuer_key_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    try:
        key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except (x509.ExtensionNotFound, ValueError):
        key = issuer.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)


def _name(common_name: str) -> x509.Name:
    """Of any text, such as a computer's name: cut to the bytes that are allowed."""
    short = common_name.encode("utf-8", "replace")[:_MAX_COMMON_NAME_BYTES].decode("utf-8", "ignore")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, short)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    begins: datetime.datetime,
    ends: datetime.datetime,
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=begins,
        not_valid_after=ends,
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
