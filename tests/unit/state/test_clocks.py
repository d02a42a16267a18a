"""Clocks that are wrong, at the first start or later: nothing is wrong for good, and what is wrong is
said."""

import datetime
import json
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from forged_certificates import forge
from host import hosting

from streamer.doctor.certificates import certificate as examine_certificate
from streamer.doctor.finding import Verdict
from streamer.errors import RefusedError
from streamer.relay.access.invites import Invite, InviteStore, Right
from streamer.relay.access.invites_file import AdmissionFile
from streamer.relay.tls import issuing
from streamer.relay.tls.authority import Authority, Identity, LoadedIdentity
from streamer.relay.tls.dates import clock_trouble
from streamer.relay.tls.live_certificate import LiveCertificate, OwnAuthority, authority_date_trouble

NAMES, ADDRESSES = ["localhost"], ["127.0.0.1"]
NOW = datetime.datetime.now(datetime.UTC)
HOUR_S = 3_600


def at(year: int) -> datetime.datetime:
    return datetime.datetime(year, 7, 3, tzinfo=datetime.UTC)


def is_valid(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


def own_certificate(folder: Path, now: datetime.datetime) -> LoadedIdentity:
    """A certificate as a user gives it, issued at `now`."""
    return Authority(folder).leaf(NAMES, ADDRESSES, now)


@pytest.fixture
def expired_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as past:
        past.setattr(issuing, "AUTHORITY_ENDS", at(2024))
        Authority(tmp_path)
    return tmp_path


@pytest.mark.parametrize("year", [1990, 2014, 2040])
def test_after_a_first_start_with_a_wrong_clock_authority_and_leaf_are_valid_once_it_is_right(
    tmp_path: Path, year: int
) -> None:
    first = Authority(tmp_path)
    assert is_valid(first.leaf(NAMES, ADDRESSES, at(year)).chain[0], at(year))
    assert is_valid(first.certificate, at(year))
    again = Authority(tmp_path)
    leaf = again.leaf(NAMES, ADDRESSES)
    assert again.certificate == first.certificate
    assert is_valid(again.certificate, NOW)
    assert is_valid(leaf.chain[0], NOW)


@pytest.mark.parametrize("year", [2014, 2040])
def test_a_clock_that_is_set_right_while_the_relay_runs_gets_a_new_leaf_at_once(
    tmp_path: Path, year: int
) -> None:
    authority = Authority(tmp_path)
    before = authority.leaf(NAMES, ADDRESSES, at(year))
    after = authority.leaf(NAMES, ADDRESSES, NOW)
    assert before.cert_pem != after.cert_pem
    assert authority.leaf(NAMES, ADDRESSES, NOW) == after


def test_a_phone_whose_clock_is_months_behind_accepts_a_new_leaf(tmp_path: Path) -> None:
    leaf = Authority(tmp_path).leaf(NAMES, ADDRESSES).chain[0]
    assert is_valid(leaf, NOW - datetime.timedelta(days=300))
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= datetime.timedelta(days=825)


async def test_serve_names_the_dates_of_an_expired_authority_and_the_remedy(expired_authority: Path) -> None:
    async with hosting(expired_authority) as host:
        await host.hears("expired on 2024-07-03")
        assert "remove ca.pem and ca-key.pem" in host.log
        assert "devices must install" in host.log
        assert f"clock says {NOW:%Y-%m-%d}" in host.log


def test_doctor_names_the_dates_of_an_expired_authority_and_the_remedy(expired_authority: Path) -> None:
    finding = examine_certificate(expired_authority, None)
    assert finding.verdict is Verdict.ERROR
    assert "expired on 2024-07-03" in finding.message
    assert "remove ca.pem and ca-key.pem" in finding.remedy


def test_doctor_makes_nothing_in_a_directory_that_is_not_there(tmp_path: Path) -> None:
    assert examine_certificate(tmp_path / "none", None).verdict is Verdict.OK
    assert not (tmp_path / "none").exists()


async def test_a_certificate_of_the_host_s_own_that_is_dated_in_the_future_is_said(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "ca", at(2048))
    async with hosting(tmp_path / "state", cert=own.cert, key=own.key) as host:
        await host.hears("is not valid before 2047-07-04")
        assert "if it is right, renew it" in host.log
    finding = examine_certificate(tmp_path / "state", own.cert)
    assert finding.verdict is Verdict.ERROR
    assert "is not valid before 2047-07-04" in finding.message


def test_a_certificate_that_came_with_the_host_s_own_is_looked_at_too(tmp_path: Path) -> None:
    own = own_certificate(tmp_path / "ca", NOW)
    old = own_certificate(tmp_path / "old", at(2014))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(own.cert_pem + old.cert_pem)
    finding = examine_certificate(tmp_path, chain)
    assert "Certificate 2 in" in finding.message
    assert "expired on 2014-12-29" in finding.message


def test_a_certificate_that_ends_soon_is_a_warning_and_no_error(tmp_path: Path) -> None:
    lasts = own_certificate(tmp_path / "other", NOW).chain[0].not_valid_after_utc - NOW
    own = own_certificate(tmp_path / "the ca. of us", NOW - lasts + datetime.timedelta(days=10))
    finding = examine_certificate(tmp_path, own.cert)
    assert finding.verdict is Verdict.WARNING
    assert str(own.cert) in finding.message, "whatever is in its path"
    assert finding.remedy == "Renew it."


def test_dates_are_looked_at_while_the_relay_runs(tmp_path: Path) -> None:
    live = LiveCertificate(OwnAuthority(Authority(tmp_path)), NAMES, ADDRESSES)
    assert live.troubles(NOW) == []
    (expired,) = map(str, live.troubles(at(2060)))
    assert "expired on 2049-12-31" in expired
    assert "clock says 2060" in expired


def test_a_clock_before_this_version_was_made_is_said_to_be_wrong() -> None:
    assert "it says 1990-07-03" in str(clock_trouble(at(1990)))
    assert clock_trouble(NOW) is None


def test_the_end_of_an_authority_is_said_before_it_comes(tmp_path: Path) -> None:
    trouble = authority_date_trouble(
        Authority(tmp_path), issuing.AUTHORITY_ENDS - datetime.timedelta(days=20)
    )
    assert "expires on 2049-12-31" in str(trouble)


def test_an_authority_may_vouch_for_servers_alone(tmp_path: Path) -> None:
    Authority(tmp_path)
    forged = forge(tmp_path, tmp_path)
    command = [
        "openssl",
        "verify",
        "-CAfile",
        str(tmp_path / "ca.pem"),
        "-purpose",
        "smimesign",
        str(forged.cert),
    ]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.returncode != 0
    assert "purpose" in said.stdout + said.stderr


def test_an_authority_of_an_older_version_keeps_working(tmp_path: Path) -> None:
    key = issuing.new_key()
    (tmp_path / "ca-key.pem").write_bytes(issuing.key_pem(key))
    (tmp_path / "ca.pem").write_bytes(issuing.certificate_pem(as_before(key)))
    authority = Authority(tmp_path)
    leaf = authority.leaf(["localhost", "kitchen.local"], ["127.0.0.1", "100.64.0.3"])
    command = ["openssl", "verify", "-x509_strict", "-CAfile", str(tmp_path / "ca.pem"), str(leaf.cert)]
    assert subprocess.run(command, capture_output=True, text=True).stdout.endswith("OK\n")
    assert not authority.covers("100.64.0.3")
    assert authority.covers("192.168.1.7")


def as_before(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """An authority without extended key usage, and for the previous networks."""
    now = issuing.make_authority(key)
    builder = x509.CertificateBuilder(
        now.issuer, now.subject, key.public_key(), now.serial_number, at(2026), at(2036)
    )
    for extension in now.extensions:
        value = extension.value
        if isinstance(value, x509.NameConstraints):
            kept = [each for each in value.permitted_subtrees or [] if str(each.value) != "100.64.0.0/10"]
            value = x509.NameConstraints(kept, None)
        if not isinstance(value, x509.ExtendedKeyUsage):
            builder = builder.add_extension(value, extension.critical)
    return builder.sign(key, hashes.SHA256())


class Clocks:
    """The Unix clock, which can be set, and the steady one."""

    def __init__(self) -> None:
        self.unix_s = 1_800_000_000.0
        self.steady_s = 100.0

    def pass_time(self, seconds: float) -> None:
        self.unix_s += seconds
        self.steady_s += seconds

    def admission(self, invites: dict[str, Invite]) -> InviteStore:
        return InviteStore(invites, "h0st", clock=lambda: self.unix_s, steady=lambda: self.steady_s)

    def admission_of(self, path: Path) -> InviteStore:
        invites, file = {"home": Invite("kept")}, AdmissionFile(path)
        return InviteStore(
            invites, "h0st", file=file, clock=lambda: self.unix_s, steady=lambda: self.steady_s
        )


def is_open(admission: InviteStore, key: str) -> bool:
    try:
        admission.admit("home", key)
    except RefusedError as refusal:
        return refusal.code != "key-expired"
    return True


def test_an_invite_ends_on_time_although_the_clock_went_back() -> None:
    clocks = Clocks()
    admission = clocks.admission({"home": Invite("old")})
    key = admission.renew("home", hours=1).key
    clocks.unix_s -= 12 * 365 * 86_400
    clocks.pass_time(HOUR_S - 1)
    assert is_open(admission, key)
    clocks.pass_time(1)
    assert not is_open(admission, key)


def test_a_kept_invite_lasts_no_longer_than_it_was_meant_to_although_the_clock_went_back_in_between() -> None:
    clocks = Clocks()
    admission = clocks.admission(
        {"home": Invite("kept", ends=clocks.unix_s + 14 * 365 * 86_400, lasts_s=HOUR_S)}
    )
    assert is_open(admission, "kept")
    clocks.pass_time(HOUR_S)
    assert not is_open(admission, "kept")


def test_an_invite_outlives_a_clock_that_began_in_the_past_and_was_set_right(tmp_path: Path) -> None:
    clocks = Clocks()
    invites, told = tmp_path / "admission.json", []
    InviteStore.from_file(invites, ["home"])
    admission = clocks.admission_of(invites)
    admission.on_changed = told.append
    key = admission.renew("home", hours=2).key
    clocks.unix_s += 10 * 365 * 86_400
    assert is_open(admission, key)
    told.clear()
    admission.follow_clock()
    assert told == ["home"]
    wanted_s = clocks.unix_s + 2 * HOUR_S
    assert json.loads(invites.read_text())["rooms"]["home"]["ends"] == wanted_s
    assert {each["ends_s"] for each in admission.invites("home", Right.HOST)} == {wanted_s}
    clocks.pass_time(2 * HOUR_S)
    assert not is_open(admission, key)
    admission.follow_clock()
    assert told == ["home"]


def test_how_long_an_invite_is_meant_to_last_is_kept(tmp_path: Path) -> None:
    admission = InviteStore.from_file(tmp_path / "admission.json", ["home"])
    admission.renew("home", hours=2)
    assert json.loads((tmp_path / "admission.json").read_text())["rooms"]["home"]["lasts_s"] == 2 * HOUR_S


def test_an_identity_is_what_its_files_were_at_one_moment(tmp_path: Path) -> None:
    leaf = Authority(tmp_path).leaf(NAMES, ADDRESSES)
    read = Identity(leaf.cert, leaf.key).read()
    for path in (leaf.cert, leaf.key):
        path.unlink()
    assert read.server_context()
