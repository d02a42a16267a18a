"""What any nginx of a test needs around the servers that it is about: it stays in one folder, and in the
foreground."""

from pathlib import Path

_FRAME = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {inside}
}}
"""


def framed(folder: Path, inside: str) -> str:
    """A whole configuration; `inside` is of its `http`."""
    return _FRAME.format(folder=folder, inside=inside)
