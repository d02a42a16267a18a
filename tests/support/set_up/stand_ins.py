"""Stand-ins for what scripts/setup calls: quick, and able to stop half-way through whatever they write.

Called as `python3 stand_ins.py PROGRAM ARGUMENTS...`. `$HALT_AT` names the program that stops in mid-file,
until the file `go` is there; `$FAIL_AT` the one that fails. Every call goes to the file `calls`.
"""

import os
import shutil
import sys
import time
import venv
from pathlib import Path

VENV = Path(".venv")
SITE = VENV / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
FORWARD = f"""import os, sys
os.execv({sys.executable!r}, [{sys.executable!r}, {__file__!r}, "%s", *sys.argv[1:]])
"""


def write(program: str, path: Path, text: str) -> None:
    """In two halves, between which the program may have to stop."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        file.write(text[: len(text) // 2])
        file.flush()
        if os.environ.get("HALT_AT") == program:
            Path("halted").touch()
            while not Path("go").exists():
                time.sleep(0.02)
        file.write(text[len(text) // 2 :])


def install(program: str, name: str, files: dict[str, str]) -> None:
    """A package as pip leaves it: its RECORD comes last."""
    for path, text in files.items():
        write(program, SITE / path, text)
    lines = [f"{path},,{len(text)}\n" for path, text in files.items()]
    record = SITE / f"{name}-1.dist-info/RECORD"
    record.parent.mkdir(exist_ok=True)
    record.write_text("".join(lines))


def python3(arguments: list[str]) -> None:
    assert arguments[:2] == ["-m", "venv"], arguments
    venv.create(VENV, clear="--clear" in arguments, with_pip=False)
    install("venv", "pip", {"pip/__init__.py": "# pip\n", "pip/__main__.py": FORWARD % "pip"})
    (VENV / "bin/pip").write_text("#!/bin/sh\n")
    (VENV / "bin/pip").chmod(0o755)


def pip(arguments: list[str]) -> None:
    print("WARNING: Location 'x' is ignored: it is either a non-existing path or lacks a specific scheme.")
    if "-e" not in arguments:
        cythonize = "Cython/Build/Cythonize.py"
        files = {"Cython/__init__.py": "", "Cython/Build/__init__.py": "", cythonize: FORWARD % "cythonize"}
        install("pip", "Cython", files)
        return
    for source in Path("streamer").glob("*/*.c"):
        library = source.with_suffix(f".cpython-{sys.version_info[0]}{sys.version_info[1]}-x.so")
        if not library.exists() or library.stat().st_mtime_ns < source.stat().st_mtime_ns:
            write("gcc", library, f"machine code of {source.read_text()}")
    install("editable", "streamer", {"__editable__.streamer.pth": "streamer\n"})


def cythonize(arguments: list[str]) -> None:
    for name in (argument for argument in arguments if argument.endswith(".pyx")):
        source, target = Path(name), Path(name).with_suffix(".c")
        if not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns:
            write("cythonize", target, f"C of {source.read_text()}")


def npm(arguments: list[str]) -> None:
    print("npm warn EBADENGINE Unsupported engine", file=sys.stderr)
    modules = Path("web/node_modules")
    shutil.rmtree(modules, ignore_errors=True)
    for name in ("first", "second"):
        write("npm", modules / name / "index.js", f"export const name = '{name}'\n")


def dpkg_query(arguments: list[str]) -> None:
    missing = Path("missing").read_text().split()
    for name in arguments[arguments.index("-f") + 2 :]:
        print(name, "unpacked" if name in missing else "installed")


def dpkg(arguments: list[str]) -> None:
    assert arguments == ["--configure", "-a"]


def apt_get(arguments: list[str]) -> None:
    print("debconf: delaying package configuration, since apt-utils is not installed", file=sys.stderr)
    if "install" in arguments:
        write("apt-get", Path("missing.new"), "# nothing\n")
        Path("missing").write_text("")


def main() -> None:
    program, *arguments = sys.argv[1:]
    if program == "sudo":
        os.execvp(arguments[1], arguments[1:])
    if program != "dpkg-query":
        with Path("calls").open("a") as calls:
            print(program, *arguments, file=calls)
    if os.environ.get("FAIL_AT") == program:
        sys.exit("ERROR: No matching distribution found for streamer")
    {
        "python3": python3,
        "pip": pip,
        "cythonize": cythonize,
        "npm": npm,
        "dpkg-query": dpkg_query,
        "dpkg": dpkg,
        "apt-get": apt_get,
    }[program](arguments)


if __name__ == "__main__":
    main()
