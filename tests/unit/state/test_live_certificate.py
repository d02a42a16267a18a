"""A certificate that changes while it serves: who connects gets the new one, and a bad one changes
nothing."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509

from streamer.errors import CertificateError
from streamer.relay.tls.authority import Authority, Identity
from streamer.relay.tls.live_certificate import LiveCertificate, OwnAuthority, OwnFiles

LOOPBACK = "127.0.0.1"


@contextmanager
def server(context: ssl.SSLContext) -> Iterator[int]:
    """A port where every connection gets a TLS handshake."""
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                context.wrap_socket(peer, server_side=True).close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def served(port: int) -> set[str]:
    """The addresses of the certificate that a server shows."""
    pem = ssl.get_server_certificate((LOOPBACK, port))
    names = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return {str(address) for address in names.value.get_values_for_type(x509.IPAddress)}


def copy(source: Identity, target: Identity) -> None:
    target.cert.write_bytes(source.cert.read_bytes())
    target.key.write_bytes(source.key.read_bytes())


def test_a_new_address_is_served_at_once(tmp_path: Path) -> None:
    live = LiveCertificate(OwnAuthority(Authority(tmp_path)), ["localhost"], [LOOPBACK])
    with server(live.context) as port:
        assert served(port) == {LOOPBACK}
        assert not live.follow(["localhost"], [LOOPBACK])
        assert live.follow(["localhost"], [LOOPBACK, "10.1.2.3"])
        assert served(port) == {LOOPBACK, "10.1.2.3"}


def test_files_that_somebody_renews_are_served_at_once(tmp_path: Path) -> None:
    files = Identity(tmp_path / "own.pem", tmp_path / "own-key.pem")
    copy(Authority(tmp_path / "1").leaf([], [LOOPBACK]), files)
    live = LiveCertificate(OwnFiles(files.cert, files.key), [], [])
    with server(live.context) as port:
        copy(Authority(tmp_path / "2").leaf([], [LOOPBACK, "10.9.9.9"]), files)
        assert live.follow([], [])
        assert served(port) == {LOOPBACK, "10.9.9.9"}
        assert live.hosts == [LOOPBACK, "10.9.9.9"]


@pytest.mark.parametrize("damage", ["cert", "key"])
def test_half_written_files_leave_the_certificate_of_before(tmp_path: Path, damage: str) -> None:
    files = Identity(tmp_path / "own.pem", tmp_path / "own-key.pem")
    copy(Authority(tmp_path / "1").leaf([], [LOOPBACK]), files)
    live = LiveCertificate(OwnFiles(files.cert, files.key), [], [])
    with server(live.context) as port:
        getattr(files, damage).write_text("-----BEGIN")
        with pytest.raises(CertificateError, match="own"):
            live.follow([], [])
        assert served(port) == {LOOPBACK}
        copy(Authority(tmp_path / "2").leaf([], [LOOPBACK, "10.9.9.9"]), files)
        assert live.follow([], [])
        assert served(port) == {LOOPBACK, "10.9.9.9"}
