"""What a desktop client trusts. It asks at each attempt to come back, so asking must cost next to nothing."""

import ssl
from pathlib import Path

import pytest

from streamer.client.trust import client_context
from streamer.errors import CertificateError
from streamer.relay.tls.authority import Authority


def names(context: ssl.SSLContext) -> list[object]:
    """Of the authorities that are trusted beside the system's."""
    return [each["serialNumber"] for each in context.get_ca_certs() if "streamer" in str(each["subject"])]


def test_what_the_system_trusts_is_read_once_however_often_a_client_tries_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Authority(tmp_path)
    count = 0
    create = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        nonlocal count
        count += 1
        return create()

    monkeypatch.setattr(ssl, "create_default_context", counted)
    for _ in range(50):
        assert client_context(tmp_path / "ca.pem")
    assert count == 1


def test_an_authority_that_was_replaced_is_trusted_at_the_next_attempt(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    found = []
    for start in ("first", "second"):
        folder = tmp_path / start
        folder.mkdir()
        Authority(folder)
        ca_file.write_bytes((folder / "ca.pem").read_bytes())
        found.append(names(client_context(ca_file)))
    assert [len(each) for each in found] == [1, 1]
    assert found[0] != found[1]


def test_a_file_that_is_gone_or_damaged_is_told_in_words_each_time(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    Authority(tmp_path)
    assert client_context(ca_file)
    ca_file.write_text("no certificate")
    for _ in range(2):
        with pytest.raises(CertificateError, match="is not a PEM certificate"):
            client_context(ca_file)
    ca_file.unlink()
    for _ in range(2):
        with pytest.raises(CertificateError, match="can't be read: No such file"):
            client_context(ca_file)
