"""All checks of `streamer doctor`, in the order in which a person would make them, and how they are shown."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from streamer.doctor import certificates, network, sound
from streamer.doctor.finding import Finding, Verdict, run_check


def findings(
    data_dir: Path | None, port: int, cert: Path | None = None, http_port: int | None = None
) -> Iterator[tuple[str, Finding]]:
    """Yields each check's name and result. The arguments are the options that `streamer serve` gets."""
    checks: dict[str, Callable[[], Finding]] = {
        "core": sound.compiled_core,
        "page": network.page,
        "addresses": network.addresses,
        "name": network.name,
        "port": partial(network.port, port),
        "http-port": partial(network.join_port, http_port),
        "IPv6": network.ipv6,
        "firewall": partial(network.firewall, port),
        "certificate": partial(certificates.certificate, data_dir, cert),
        "codec": sound.codec,
        "devices": sound.devices,
    }
    for name, check in checks.items():
        yield name, run_check(check)


def to_lines(name: str, finding: Finding) -> str:
    """Returns one line, and a second one with the remedy if there is one."""
    line = f"{finding.verdict.value} {name:12} {finding.message}"
    return f"{line}\n  {'':12} → {finding.remedy}" if finding.remedy else line


def is_error(finding: Finding) -> bool:
    return finding.verdict is Verdict.ERROR
