"""Real proxies that run the configurations of docs/proxies/ as they are, but for ports, certificate and idle
times."""

import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audio_rig import stop, wait_until
from nginx_frame import framed

from streamer.relay.tls.authority import Authority

CONFIGURATIONS: Final = Path(__file__).parents[2] / "docs/proxies"
IDLE_S: Final = 2
"""In place of the minute after which a proxy cuts off a connection that is quiet."""
START_S: Final = 60
PATH: Final = "/voice"

_APACHE: Final = """
ServerRoot {folder}
ServerName example.org
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/apache.log
{modules}
Include {configuration}
"""
_MODULES: Final = (
    "mpm_event",
    "authz_core",
    "alias",
    "headers",
    "socache_shmcb",
    "ssl",
    "proxy",
    "proxy_http",
)


@dataclass(frozen=True)
class Configuration:
    """A file of docs/proxies/; idle times are short where one relay is behind it."""

    name: str

    @property
    def path(self) -> str:
        """What the relay is below."""
        return PATH if "below-a-path" in self.name else ""

    @property
    def is_passed_through(self) -> bool:
        """TLS is the relay's own."""
        return "passed-through" in self.name

    @property
    def is_patient(self) -> bool:
        """It never cuts off what is quiet."""
        return "60" not in (CONFIGURATIONS / self.name).read_text()

    @property
    def has_several_relays(self) -> bool:
        return "several-relays" in self.name

    def options(self, port: int, authority: Authority) -> list[str]:
        """Of the relay behind it, as the head of the file says."""
        url = f"https://127.0.0.1:{port}{self.path}{'/' if self.path else ''}"
        shared = ["--url", url, "--trust-proxy", "127.0.0.1"]
        if self.has_several_relays:
            shared += ["--other-relay", url]
        if not self.is_passed_through:
            return ["--no-tls", *shared]
        leaf = authority.leaf(["localhost"], ["127.0.0.1"])
        return ["--cert", str(leaf.cert), "--key", str(leaf.key), *shared, "--proxy-protocol", "required"]

    def rendered(
        self,
        folder: Path,
        authority: Authority,
        port: int,
        relay_port: int,
        second_port: int | None = None,
        idle_s: int = IDLE_S,
    ) -> Path:
        leaf = authority.leaf(["localhost"], ["127.0.0.1"])
        both = folder / "both.pem"
        both.write_bytes(leaf.cert_pem + leaf.key_pem)
        text = (CONFIGURATIONS / self.name).read_text()
        for there, here in {
            "127.0.0.1:8443": f"127.0.0.1:{relay_port}",
            "127.0.0.1:8444": f"127.0.0.1:{second_port}",
            "--port 8443": "",
            "/etc/ssl/example.org/fullchain.pem": str(leaf.cert),
            "/etc/ssl/example.org/privkey.pem": str(leaf.key),
            "/etc/ssl/example.org/both.pem": str(both),
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "    listen [::]:443 ssl;\n": "",
            "bind :443": f"bind 127.0.0.1:{port}",
            "Listen 443": f"Listen 127.0.0.1:{port}",
            "<VirtualHost *:443>": f"<VirtualHost *:{port}>",
            "\nexample.org {": f"\nhttps://127.0.0.1:{port} {{",
            " 60s": " 60s" if self.has_several_relays else f" {idle_s}s",
            "Timeout 60": f"Timeout {idle_s}",
        }.items():
            text = text.replace(there, here)
        left = text
        for own in (port, relay_port, second_port):
            left = left.replace(str(own), "")
        assert not re.search("443|8444", left), text
        rendered = folder / self.name
        rendered.write_text(text)
        return rendered


def _nginx(folder: Path, rendered: Path) -> list[str]:
    around = folder / "around.conf"
    around.write_text(framed(folder, f"access_log off;\n    include {rendered};"))
    return ["nginx", "-p", str(folder), "-c", str(around)]


def _haproxy(folder: Path, rendered: Path) -> list[str]:
    return ["haproxy", "-db", "-f", str(rendered)]


def _apache(folder: Path, rendered: Path) -> list[str]:
    around = folder / "around.conf"
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in _MODULES
    )
    around.write_text(_APACHE.format(folder=folder, modules=modules, configuration=rendered))
    return ["apache2", "-X", "-f", str(around)]


def _caddy(folder: Path, rendered: Path) -> list[str]:
    """Without its own port for administration, and without the port 80 that it would take for redirects."""
    alone = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"
    rendered.write_text(alone + rendered.read_text())
    return ["env", f"HOME={folder}", "caddy", "run", "--adapter", "caddyfile", "--config", str(rendered)]


_PROGRAMS: Final[dict[str, Callable[[Path, Path], list[str]]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "apache": _apache,
    "Caddyfile": _caddy,
}

_ALL: Final = tuple(
    Configuration(path.name)
    for path in sorted(CONFIGURATIONS.iterdir())
    if path.name.startswith(tuple(_PROGRAMS))
)
ALL: Final = tuple(each for each in _ALL if not each.has_several_relays)
SEVERAL: Final = tuple(each for each in _ALL if each.has_several_relays)
"""For two relays each."""


@contextmanager
def proxy(
    configuration: Configuration,
    folder: Path,
    authority: Authority,
    port: int,
    relay_port: int,
    second_port: int | None = None,
    idle_s: int = IDLE_S,
) -> Iterator[None]:
    """The program of `configuration`, on `port` of 127.0.0.1, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    rendered = configuration.rendered(folder, authority, port, relay_port, second_port, idle_s)
    program = next(make for name, make in _PROGRAMS.items() if configuration.name.startswith(name))
    log = folder / "proxy.log"
    with log.open("wb") as out:
        process = subprocess.Popen(program(folder, rendered), stdout=out, stderr=out, cwd=folder)
    try:
        wait_until(lambda: is_there(port), START_S, log.read_text)
        yield
    finally:
        stop(process)


def is_there(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
