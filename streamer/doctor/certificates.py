"""The relay's files and certificates: are they whole, do their dates fit, do they cover the links?"""

import datetime
from pathlib import Path

from streamer.doctor.finding import Finding, ill, unsure, well
from streamer.errors import CertificateError
from streamer.relay.access.invites_file import AdmissionFile
from streamer.relay.network.addresses import lan_addresses
from streamer.relay.tls.authority import Authority, fingerprint_of
from streamer.relay.tls.dates import clock_trouble
from streamer.relay.tls.identity import Identity, read_pem
from streamer.relay.tls.live_certificate import authority_date_trouble, file_date_troubles
from streamer.state_directory import state_directory

NONE_YET = "none yet: `streamer serve` makes it at its first start"


def certificate(data_dir: Path | None, cert: Path | None) -> Finding:
    """Of the relay's own authority, or the one that `serve` is given. Raises SetupError with the remedy."""
    now = datetime.datetime.now(datetime.UTC)
    wrong_clock = clock_trouble(now)
    if wrong_clock:
        return _in_two(wrong_clock)
    if cert:
        return _own_certificate(cert, now)
    directory = state_directory(data_dir)
    AdmissionFile(directory / "admission.json").read()
    if not Authority.exists_in(directory):
        return well(NONE_YET)
    authority = Authority(directory)
    trouble = next(iter(authority.notes), None) or authority_date_trouble(authority, now)
    return _in_two(trouble) if trouble else _coverage(authority)


def _coverage(authority: Authority) -> Finding:
    usable = [each.address for each in lan_addresses() if each.is_usable]
    outside = [address for address in usable if not authority.covers(address)]
    if outside:
        cure = "use a certificate of your own (--cert, --key), or give this computer a private address"
        return unsure(f"{', '.join(outside)} is no private address, so the relay can't certify it", cure)
    return well(f"good for these addresses; the authority's fingerprint is {fingerprint_of(authority.certificate)}")


def _own_certificate(cert: Path, now: datetime.datetime) -> Finding:
    pem = read_pem(cert)
    if pem is None:
        raise CertificateError(f"there is no file {cert}")
    loaded = Identity(cert, cert).loaded(pem, b"")
    if not loaded.chain:
        raise CertificateError(f"{cert} is not a certificate in PEM")
    troubles = file_date_troubles(loaded, now)
    return _in_two(troubles[0]) if troubles else well(f"{cert} is within its dates")


def _in_two(words: str) -> Finding:
    """What is wrong, and the cure that follows it."""
    what, _, cure = words.partition(". ")
    return ill(what, cure)
