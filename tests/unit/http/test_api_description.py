"""The OpenAPI file is true: schemathesis sends what it allows and what it does not, and reads each answer by
it.

The seed is fixed, so that each run sends the same. What is sent is spread over all operations evenly.
"""

import asyncio
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from relay_fixture import House
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from streamer.client.audio.studio import Recording
from streamer.relay.access.tokens import SCOPES, TokenStore
from streamer.relay.api.description import DOCUMENT

EXAMPLES = 8
"""Of each operation, of each kind: enough for each field to be broken once; 0.3 s of each on an idle
computer."""

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]

ENDLESS = "watch"
"""Its answer does not end; test_api.py reads it."""

TEXT = files("streamer.relay.api").joinpath(DOCUMENT).read_text(encoding="utf-8")
OPERATIONS = sorted(
    (method.upper(), path)
    for path, methods in json.loads(TEXT)["paths"].items()
    for method, operation in methods.items()
    if method != "parameters" and operation["operationId"] != ENDLESS
)


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a relay in a thread of its own, and a token that may do everything."""
    tokens = TokenStore(tmp_path_factory.mktemp("state") / "tokens.json")
    _, secret = tokens.create("all", frozenset(SCOPES), "", 1.0)
    found: list[str] = []
    is_up, is_over = threading.Event(), threading.Event()

    async def serve() -> None:
        async with House.open(tokens=tokens, studio=Recording) as house:
            found.append(house.url)
            is_up.set()
            await asyncio.to_thread(is_over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert is_up.wait(30)
    yield found[0], secret
    is_over.set()
    thread.join()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_whatever_is_sent_the_answer_is_in_the_openapi_file(
    relay: tuple[str, str], method: str, path: str, mode: GenerationMode
) -> None:
    url, secret = relay
    document = schemathesis.openapi.from_dict(json.loads(TEXT))
    document.config.update(base_url=f"{url}/api/v1")
    operation = document[path][method]

    @seed(16)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def send(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        response = case.call(headers={"Authorization": f"Bearer {secret}"}, timeout=30)
        case.validate_response(response, checks=CHECKS)

    send()


def test_the_file_and_the_page_for_people_are_served(relay: tuple[str, str]) -> None:
    url, _ = relay
    with urllib.request.urlopen(f"{url}/api/v1/{DOCUMENT}") as answer:
        assert json.load(answer) == json.loads(TEXT)
    with urllib.request.urlopen(f"{url}/api/v1/") as answer:
        page = answer.read().decode()
    assert all(path in page for _, path in OPERATIONS)


def test_every_code_that_the_interface_refuses_with_is_explained_in_the_file() -> None:
    package = Path(__file__).parents[3] / "streamer/relay/api"
    used = {
        code for path in package.glob("*.py") for code in re.findall(r'code="([\w-]+)"', path.read_text())
    }
    assert used <= json.loads(TEXT)["x-codes"].keys()
