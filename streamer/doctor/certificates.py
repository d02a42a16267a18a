"""The relay's files and certificates: are they intact, are their dates right, do they cover the links?"""

import datetime
from pathlib import Path

from streamer.doctor.finding import Finding, error, ok, warning
from streamer.errors import CertificateError
from streamer.relay.access.invites_file import AdmissionFile
from streamer.relay.network.addresses import uncertified
from streamer.relay.tls.authority import Authority, fingerprint_of
from streamer.relay.tls.dates import clock_trouble
from streamer.relay.tls.identity import Identity, read_pem
from streamer.relay.tls.live_certificate import authority_date_trouble, file_date_troubles
from streamer.relay.tls.trouble import Trouble
from streamer.state_directory import state_directory

NONE_YET = "none yet: `streamer serve` creates it when it first starts"


def certificate(data_dir: Path | None, cert: Path | None) -> Finding:
    """Checks the relay's own authority, or `cert` if `serve` will use that. Raises SetupError with the
    remedy."""
    now = datetime.datetime.now(datetime.UTC)
    wrong_clock = clock_trouble(now)
    if wrong_clock:
        return _finding(wrong_clock)
    if cert:
        return _own_certificate(cert, now)
    directory = state_directory(data_dir)
    AdmissionFile(directory / "admission.json").read()
    if not Authority.exists_in(directory):
        return ok(NONE_YET)
    authority = Authority(directory)
    trouble = next(iter(authority.notes), None) or authority_date_trouble(authority, now)
    return _finding(trouble) if trouble else _coverage(authority)


def _coverage(authority: Authority) -> Finding:
    trouble = uncertified(authority)
    if trouble:
        return warning(*trouble)
    return ok(
        f"covers these addresses; the authority's fingerprint is {fingerprint_of(authority.certificate)}"
    )


def _own_certificate(cert: Path, now: datetime.datetime) -> Finding:
    pem = read_pem(cert)
    if pem is None:
        raise CertificateError(f"{cert} does not exist")
    loaded = Identity(cert, cert).loaded(pem, b"")
    if not loaded.chain:
        raise CertificateError(f"{cert} is not a PEM certificate")
    troubles = file_date_troubles(loaded, now)
    return _finding(troubles[0]) if troubles else ok(f"{cert} is valid today")


def _finding(trouble: Trouble) -> Finding:
    return (warning if trouble.works else error)(trouble.what, trouble.remedy)
