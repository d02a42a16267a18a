"""All examinations of `streamer doctor`, in the order in which one would look."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from streamer.doctor import certificates, network, sound
from streamer.doctor.finding import Finding, Verdict, examine


def findings(data_dir: Path | None, port: int, cert: Path | None = None) -> Iterator[tuple[str, Finding]]:
    """Each with its name; `data_dir` is where the relay keeps its files, `cert` a certificate that it is given."""
    examinations: dict[str, Callable[[], Finding]] = {
        "core": sound.compiled_core,
        "page": network.page,
        "addresses": network.addresses,
        "name": network.name,
        "port": partial(network.port, port),
        "firewall": partial(network.firewall, port),
        "certificate": partial(certificates.certificate, data_dir, cert),
        "codec": sound.codec,
        "devices": sound.devices,
    }
    for name, examination in examinations.items():
        yield name, examine(examination)


def to_lines(name: str, finding: Finding) -> str:
    line = f"{finding.verdict.value} {name:12} {finding.words}"
    return f"{line}\n  {'':12} → {finding.cure}" if finding.cure else line


def is_ill(finding: Finding) -> bool:
    return finding.verdict is Verdict.ILL
