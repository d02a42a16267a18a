"""What a thief of the authority's key would try: a certificate for a site of the public web."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from streamer.relay.tls.authority import Identity

BANK = "bank.example.com"


def forge(authority: Path, folder: Path) -> Identity:
    """A leaf for BANK, signed with the key of the authority that is kept in a folder."""
    stolen = serialization.load_pem_private_key((authority / "ca-key.pem").read_bytes(), None)
    assert isinstance(stolen, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes())
    now = datetime.datetime.now(datetime.UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, BANK)])
    certificate = (
        x509.CertificateBuilder(
            issuer.subject, name, key.public_key(), 1, now, now + datetime.timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(BANK)]), critical=False)
        .sign(stolen, hashes.SHA256())
    )
    forged = Identity(folder / "forged.pem", folder / "forged-key.pem")
    forged.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    forged.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return forged
