"""Whole stays in a room, from file to file, through a real relay."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from following import code, follow
from scipy.io import wavfile
from sound import SAMPLE_RATE, Samples, level_dbfs, speech

from streamer.client.session import Options, listen, talk
from streamer.errors import AudioError, ConnectionLostError, RefusedError, StreamerError
from streamer.relay.admission import Admission
from streamer.relay.app import Relay
from streamer.relay.listening import listening

SAID_S = 4
MOST = 0.4
"""A client that a busy machine wakes late has lost what it should have said or heard by then."""
LATEST_MS = 6_000

STREAMER = Path(sys.executable).with_name("streamer")


@asynccontextmanager
async def a_relay() -> AsyncIterator[str]:
    """Gives the link to a room of its own."""
    async with listening(Relay(Admission({}, is_open=True), {}), "127.0.0.1", 0, None) as port:
        yield f"http://127.0.0.1:{port}/#room=kitchen"


def write_wav(path: Path, samples: Samples) -> Path:
    wavfile.write(path, SAMPLE_RATE, (samples * 32_767).astype(np.int16))
    return path


def read_wav(path: Path) -> Samples:
    samples: Samples = wavfile.read(path)[1].astype(np.float32) / 32_768
    return samples


def said_by(talker: int) -> Samples:
    return code(talker, SAID_S)


async def during(stay: Coroutine[Any, Any, None], meanwhile: Coroutine[Any, Any, None]) -> None:
    """Stay in the room for as long as `meanwhile` takes, and a moment longer."""
    task = asyncio.create_task(stay)
    await asyncio.sleep(0.2)
    await meanwhile
    await asyncio.sleep(0.2)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def test_what_is_talked_is_heard_by_all_others_and_by_nobody_else(tmp_path: Path) -> None:
    said = write_wav(tmp_path / "said.wav", said_by(0))
    heard, own = tmp_path / "heard.wav", tmp_path / "own.wav"

    async def main() -> None:
        async with a_relay() as url:
            stay = listen(Options(url, output_file=heard))
            await during(stay, talk(Options(url, input_file=said, output_file=own)))

    asyncio.run(main())
    assert follow(said_by(0), read_wav(heard), LATEST_MS).coverage() > MOST
    assert follow(said_by(1), read_wav(heard), LATEST_MS).coverage() == 0
    assert level_dbfs(read_wav(own)) < -90


def test_a_talker_with_a_file_leaves_when_it_has_been_said(tmp_path: Path) -> None:
    said = write_wav(tmp_path / "said.wav", speech()[:SAMPLE_RATE])

    async def main() -> None:
        async with a_relay() as url:
            await asyncio.wait_for(talk(Options(url, input_file=said, output_file=tmp_path / "own.wav")), 5)

    began = perf_counter()
    asyncio.run(main())
    assert 1.4 < perf_counter() - began < 3


def test_one_who_is_to_stay_stays_and_is_muted_after_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = write_wav(tmp_path / "said.wav", speech()[:4_800])

    async def main() -> None:
        async with a_relay() as url:
            stay = talk(Options(url, name="Ada", input_file=said, output_file=tmp_path / "own.wav", stay=True))
            await during(listen(Options(url, output_file=tmp_path / "b.wav")), during(stay, asyncio.sleep(1)))

    asyncio.run(main())
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("Ada")] == ["Ada joined", "Ada is muted", "Ada left"]


def test_two_who_talk_at_once_are_heard_together(tmp_path: Path) -> None:
    files = [write_wav(tmp_path / f"{number}.wav", said_by(number)) for number in range(2)]
    heard = tmp_path / "heard.wav"

    async def both(url: str) -> None:
        stays = [talk(Options(url, input_file=file, output_file=file.with_suffix(".own.wav"))) for file in files]
        await asyncio.gather(*stays)

    async def main() -> None:
        async with a_relay() as url:
            await during(listen(Options(url, output_file=heard)), both(url))

    asyncio.run(main())
    for number, file in enumerate(files):
        own = read_wav(file.with_suffix(".own.wav"))
        assert follow(said_by(number), read_wav(heard), LATEST_MS).coverage() > MOST
        assert follow(said_by(1 - number), own, LATEST_MS).coverage() > MOST
        assert follow(said_by(number), own, LATEST_MS).coverage() == 0


def test_a_relay_that_goes_away_ends_a_file_s_stay_in_words(tmp_path: Path) -> None:
    said = write_wav(tmp_path / "said.wav", speech())

    async def main() -> None:
        async with a_relay() as url:
            staying = asyncio.create_task(talk(Options(url, input_file=said, output_file=tmp_path / "b.wav")))
            await asyncio.sleep(0.2)
        await asyncio.wait_for(staying, 5)

    with pytest.raises(ConnectionLostError, match="going away"):
        asyncio.run(main())


def test_what_is_wrong_is_said_before_anything_is_opened(tmp_path: Path) -> None:
    said = write_wav(tmp_path / "said.wav", speech()[:4_800])
    no_relay = "http://127.0.0.1:1/#room=kitchen"
    for options, kind, reason in (
        (Options("kitchen", input_file=said), StreamerError, "names no room"),
        (Options(no_relay, input_file=said, output_file=said), AudioError, "can't be read and written at once"),
        (Options(no_relay, input_file=tmp_path / "none.wav"), AudioError, "can't be read"),
        (Options(no_relay, input_file=said, output_file=tmp_path), AudioError, "can't be written"),
        (Options(no_relay, input_file=said, output_file=tmp_path / "b.wav"), ConnectionLostError, "No relay answers"),
    ):
        with pytest.raises(kind, match=reason):
            asyncio.run(talk(options))
    assert read_wav(said).any()


def test_a_wrong_key_is_refused_in_the_relay_s_words(tmp_path: Path) -> None:
    async def main() -> None:
        admission = Admission.from_file(tmp_path / "invites.json", ["kitchen"])
        async with listening(Relay(admission, {}), "127.0.0.1", 0, None) as port:
            url = f"http://127.0.0.1:{port}/#room=kitchen&key=wrong"
            await listen(Options(url, output_file=tmp_path / "b.wav"))

    with pytest.raises(RefusedError) as caught:
        asyncio.run(main())
    assert (caught.value.status, caught.value.code) == (403, "key-wrong")


@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_cleanly_and_is_no_failure(tmp_path: Path, interrupt: signal.Signals) -> None:
    async def main() -> tuple[int, str]:
        async with a_relay() as url:
            process = await asyncio.create_subprocess_exec(
                STREAMER,
                "listen",
                url,
                "--output",
                tmp_path / "b.wav",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            assert process.stdout is not None
            await asyncio.wait_for(process.stdout.readline(), 10)
            await asyncio.sleep(0.5)
            process.send_signal(interrupt)
            rest = await asyncio.wait_for(process.stdout.read(), 2)
            return await process.wait(), rest.decode()

    assert asyncio.run(main()) == (0, "")
    assert len(read_wav(tmp_path / "b.wav")) > 0.3 * SAMPLE_RATE
