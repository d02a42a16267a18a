"""Whether the relay is the one it claims to be, and what to do where that can't be said."""

import ssl
from pathlib import Path

from streamer.client.address import Address
from streamer.errors import CertificateError

_NOT_YET_VALID, _EXPIRED, _OTHER_HOSTNAME, _OTHER_IP_ADDRESS = 9, 10, 62, 64
"""X509_V_ERR_* of OpenSSL, x509_vfy.h."""


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts whom the system trusts, and the authority in `ca_file`. Raises CertificateError."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise CertificateError(f"{ca_file} is not a certificate in PEM") from error
        except OSError as error:
            raise CertificateError(f"{ca_file} can't be read: {error.strerror}") from error
    return context


def untrusted(error: ssl.SSLCertVerificationError, address: Address, ca_file: Path | None) -> CertificateError:
    """`error` in words that say what to do."""
    match error.verify_code:
        case code if code in (_OTHER_HOSTNAME, _OTHER_IP_ADDRESS):
            what = f"not for {address.host}: use the address that the relay shows"
        case code if code in (_NOT_YET_VALID, _EXPIRED):
            what = f"not valid now ({error.verify_message}): are the clocks right, there and here?"
        case _ if ca_file:
            what = f"not from the authority in {ca_file} ({error.verify_message})"
        case _:
            what = (
                f"not trusted ({error.verify_message}): pass --ca FILE with the relay's certificate authority, "
                f"which is at http://{address.origin}/ca.pem"
            )
    return CertificateError(f"The certificate of {address.origin} is {what}")
