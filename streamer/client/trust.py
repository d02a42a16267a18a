"""Checks that the relay is the one it claims to be, and says what to do if that is not known."""

import os
import ssl
from functools import lru_cache
from pathlib import Path
from typing import Final

from streamer.errors import CertificateError
from streamer.state_directory import own_authority
from streamer.wire.room_link import Address

_NOT_YET_VALID, _EXPIRED, _OTHER_HOSTNAME, _OTHER_IP_ADDRESS = 9, 10, 62, 64
"""X509_V_ERR_* of OpenSSL, x509_vfy.h."""

_KEPT: Final = 4
"""Contexts: a program uses one, and another one where its authority is replaced."""


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the authorities of the system, and the one in `ca_file`. Raises CertificateError.

    Reading the system's authorities takes some 30 ms of a processor, and a client that has lost the relay
    asks for it several times a second. So the context is kept until `ca_file` changes.
    """
    try:
        version = os.stat(ca_file) if ca_file else None
    except OSError as error:
        raise _unreadable(ca_file, error) from error
    written = (version.st_mtime_ns, version.st_size, version.st_ino) if version else None
    return _context(ca_file, written, ssl.get_default_verify_paths())


@lru_cache(_KEPT)
def _context(ca_file: Path | None, written: object, defaults: object) -> ssl.SSLContext:
    """`written` and `defaults` tell when another one is needed."""
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise CertificateError(f"{ca_file} is not a PEM certificate") from error
        except OSError as error:
            raise _unreadable(ca_file, error) from error
    return context


def _unreadable(ca_file: Path | None, error: OSError) -> CertificateError:
    return CertificateError(f"{ca_file} can't be read: {error.strerror}")


def own_authority_for(data_dir: Path | None = None) -> Path | None:
    """Returns the authority of this computer's own relay if it is usable.

    A link that begins with http: may need one, too: the join page's leads to TLS.
    """
    own = own_authority(data_dir)
    return own if own and is_usable(own) else None


def is_usable(ca_file: Path) -> bool:
    """Returns True if `ca_file` exists, is readable and holds certificates."""
    try:
        client_context(ca_file)
    except CertificateError:
        return False
    return True


def untrusted(
    error: ssl.SSLCertVerificationError, address: Address, ca_file: Path | None
) -> CertificateError:
    """`error` in words that say what to do."""
    match error.verify_code:
        case code if code in (_OTHER_HOSTNAME, _OTHER_IP_ADDRESS):
            what = f"not for {address.host}: use the address that the relay shows"
        case code if code in (_NOT_YET_VALID, _EXPIRED):
            what = f"not valid now ({error.verify_message}): are the clocks right, there and here?"
        case _:
            known = f"the authority in {ca_file}" if ca_file else "an authority that this computer trusts"
            what = (
                f"not from {known} ({error.verify_message}): pass --ca FILE with the relay's own, from"
                f" http://{address.origin}/ca.pem; compare its fingerprint with the one in the relay's "
                "terminal"
            )
    return CertificateError(f"The certificate of {address.origin} is {what}")
