"""The relay's own certificates, judged by OpenSSL."""

import datetime
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from forged_certificates import forge

from streamer.errors import CertificateError
from streamer.relay.tls.authority import Authority, Identity, fingerprint

NAMES = ["localhost", "kitchen.local"]
ADDRESSES = ["127.0.0.1", "::1", "192.168.1.20"]


def verify(authority: Authority, leaf: Path, *options: str) -> str:
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-CAfile",
        str(authority.certificate_path),
        *options,
        str(leaf),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout + result.stderr


@pytest.mark.parametrize(
    "option", [("-verify_hostname", "kitchen.local"), ("-verify_ip", "192.168.1.20"), ("-verify_ip", "::1")]
)
def test_openssl_accepts_the_leaf_for_every_local_name_and_address(
    tmp_path: Path, option: tuple[str, str]
) -> None:
    authority = Authority(tmp_path)
    assert verify(
        authority, authority.leaf(NAMES, ADDRESSES).cert, "-purpose", "sslserver", *option
    ).endswith("OK\n")


def test_openssl_rejects_a_leaf_for_a_public_name_from_this_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    assert "permitted subtree violation" in verify(authority, forge(tmp_path, tmp_path).cert)


def test_only_the_owner_can_read_the_keys(tmp_path: Path) -> None:
    Authority(tmp_path).leaf(NAMES, ADDRESSES)
    for key in ("ca-key.pem", "leaf-key.pem"):
        assert stat.S_IMODE((tmp_path / key).stat().st_mode) == 0o600


def test_the_authority_and_a_leaf_that_serves_are_kept(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    made = (fingerprint(first.certificate_path), fingerprint(first.leaf(NAMES, ADDRESSES).cert))
    again = Authority(tmp_path)
    assert (fingerprint(again.certificate_path), fingerprint(again.leaf(NAMES, ADDRESSES).cert)) == made


@pytest.mark.parametrize("days", [151, 200])
def test_a_leaf_that_nears_its_end_is_renewed(tmp_path: Path, days: int) -> None:
    authority = Authority(tmp_path)
    before = fingerprint(authority.leaf(NAMES, ADDRESSES).cert)
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
    assert fingerprint(authority.leaf(NAMES, ADDRESSES, later).cert) != before


def test_a_new_address_gets_a_new_leaf_from_the_same_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.leaf(NAMES, ADDRESSES)
    leaf = authority.leaf(NAMES, [*ADDRESSES, "10.0.0.7"])
    assert verify(authority, leaf.cert, "-verify_ip", "10.0.0.7").endswith("OK\n")


def test_a_public_address_is_left_out_so_that_the_rest_stays_valid(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    leaf = authority.leaf(["example.com", *NAMES], ["203.0.113.9", *ADDRESSES])
    assert verify(authority, leaf.cert, "-verify_ip", "127.0.0.1").endswith("OK\n")


def test_a_leaf_lives_no_longer_than_phones_allow(tmp_path: Path) -> None:
    leaf = x509.load_pem_x509_certificate(Authority(tmp_path).leaf(NAMES, ADDRESSES).cert.read_bytes())
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= datetime.timedelta(days=825)


def test_a_key_of_another_certificate_is_refused_in_words(tmp_path: Path) -> None:
    one, other = Authority(tmp_path / "one"), Authority(tmp_path / "other")
    mixed = Identity(one.leaf(NAMES, ADDRESSES).cert, other.leaf(NAMES, ADDRESSES).key)
    with pytest.raises(CertificateError, match="is not the private key of the certificate"):
        mixed.server_context()


def test_files_that_are_missing_or_not_pem_are_refused_in_words(tmp_path: Path) -> None:
    leaf = Authority(tmp_path).leaf(NAMES, ADDRESSES)
    with pytest.raises(CertificateError, match=r"nowhere.pem does not exist"):
        Identity(tmp_path / "nowhere.pem", leaf.key).server_context()
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(CertificateError, match=r"are not a PEM certificate and its private key"):
        Identity(tmp_path / "text.pem", leaf.key).server_context()


def test_a_damaged_authority_is_named_in_words(tmp_path: Path) -> None:
    Authority(tmp_path).certificate_path.write_text("gone")
    with pytest.raises(CertificateError, match=r"ca.pem can't be used.*remove both"):
        Authority(tmp_path)
