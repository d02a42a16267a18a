"""A relay below a path: what it answers where a proxy takes the path off, and where it leaves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from free_port import free_port
from host import hosting
from yarl import URL

from streamer.errors import SetupError

SITE = "https://example.org"


@asynccontextmanager
async def below(folder: Path, path: str) -> AsyncIterator[tuple[str, aiohttp.ClientSession, str]]:
    """What the relay told its host, who asks it, and where."""
    port = free_port()
    async with (
        hosting(folder, no_tls=True, port=port, url=f"{SITE}{path}") as host,
        aiohttp.ClientSession() as http,
    ):
        yield host.log, http, f"http://127.0.0.1:{port}"


async def status_of(http: aiohttp.ClientSession, url: str) -> int:
    async with http.get(URL(url, encoded=True), allow_redirects=False) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("path", "base"), [("/voice/", "/voice"), ("/a/b", "/a/b"), ("/Küche/", "/K%C3%BCche")]
)
async def test_each_page_is_there_with_the_path_and_without_it(tmp_path: Path, path: str, base: str) -> None:
    async with below(tmp_path, path) as (log, http, relay):
        assert f"{SITE}{base}/#room=home" in log
        for page in ("/", "/check", "/healthz", "/page/main.js", "/api/v1/", "/room?room=echo"):
            assert await status_of(http, relay + page) == 200
            assert await status_of(http, relay + base + page) == 200
        for wrong in (f"{base}x/", f"{base}{base}/", f"{base}//", f"{base}//example.com/", f"/x{base}/"):
            assert await status_of(http, relay + wrong) == 404
        async with http.get(URL(relay + base, encoded=True), allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (307, f"{base}/")


async def test_a_page_of_the_site_may_use_it_and_one_of_another_site_may_not(tmp_path: Path) -> None:
    async with below(tmp_path, "/voice/") as (_, http, relay):
        for origin, status in ((SITE, 200), ("https://example.com", 403)):
            async with http.get(f"{relay}/voice/room?room=echo", headers={"Origin": origin}) as answer:
                assert answer.status == status


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/page", "/check/", "/ws", "/icons"])
async def test_a_path_where_the_relay_has_pages_itself_is_refused_in_words(tmp_path: Path, path: str) -> None:
    with pytest.raises(SetupError, match="the relay itself has pages there"):
        async with below(tmp_path, path):
            pass
