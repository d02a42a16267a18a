"""Notices and telemetry in a real browser: over the page, in the chat, spoken, answered, and never markup."""

import json
import subprocess
from typing import Any

import pytest
from audio_rig import Rig
from phone import Phones, wait_for_truth
from playwright.sync_api import expect
from processes import RelayProcess

pytestmark = pytest.mark.browser

MARKUP = "<img src=x onerror=alert(1)>"
SPOKEN = """() => {
  window.spoken = [];
  speechSynthesis.speak = ({ text, lang }) => window.spoken.push([text, lang]);
}"""


def call(relay: RelayProcess, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """By the host's own key, in curl, which takes the authority as a file."""
    key = relay.host_link.partition("key=")[2]
    command = ["curl", "--silent", "--show-error", "--cacert", str(relay.authority), "--request", method]
    command += ["--header", f"Authorization: Bearer {key}", f"{relay.origin}/api/v1{path}"]
    if body is not None:
        command += ["--header", "Content-Type: application/json", "--data-binary", json.dumps(body)]
    answer = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    return dict(json.loads(answer))


def test_a_notice_is_shown_spoken_and_answered_and_its_sender_sees_by_whom(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    ada.page.evaluate(SPOKEN)
    ada.open_settings()
    ada.page.get_by_role("switch", name="Speak notices").check()
    ada.close_sheet()
    body = {
        "text": f"Somebody is there {MARKUP}",
        "title": "Gate",
        "level": "warning",
        "actions": ["Open", "Wait"],
    }
    sent = call(relay, "POST", "/rooms/home/notices", body)
    toast = ada.page.locator(".toast", has_text=body["text"])
    toast.get_by_role("button", name="Open").click()
    ada.open_chat()
    line = ada.page.locator(".said[data-level=warning]")
    expect(line.locator(".text")).to_contain_text(MARKUP)
    expect(line).to_contain_text("You answered “Open”")
    expect(line.get_by_role("button")).to_have_count(0)
    wait_for_truth(ada.page, "window.spoken.length === 1")
    assert ada.page.evaluate("window.spoken")[0][0] == f"Gate. {body['text']}"
    shown = call(relay, "GET", f"/rooms/home/notices/{sent['id']}")
    assert [(reply["name"], reply["action"]) for reply in shown["replies"]] == [("Ada", 0)]
    late = phones.start(rig, 1, relay.authority).open(relay.link).join("Ben")
    late.open_chat()
    expect(late.page.locator(".said[data-level=warning] .title")).to_have_text("Gate")
    assert ada.errors == []


def test_what_a_member_reports_is_on_its_sheet_with_its_age(
    rig: Rig, relay: RelayProcess, phones: Phones
) -> None:
    ada = phones.start(rig, 0, relay.authority).open(relay.link).join("Ada")
    door = phones.start(rig, 1, relay.authority).open(relay.link).join("Door")
    values = {"on": True, "watts": 4.5, "place": None, "note": MARKUP}
    report = {"type": "telemetry", "device": "Lamp", "values": values}
    send = """async ([url, report]) => {
      const socket = new WebSocket(url, ["streamer.v1"]);
      await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
      socket.send(JSON.stringify(report));
      window.device = socket;
    }"""
    key = relay.link.partition("key=")[2]
    url = f"{relay.origin.replace('https', 'wss')}/ws?room=home&key={key}&name=Bell"
    door.page.evaluate(send, [url, report])
    ada.person("Bell").wait_for()
    ada.open_person("Bell")
    sheet = ada.page.locator("#telemetry")
    expect(sheet).to_contain_text("Lamp")
    expect(sheet.locator("dd")).to_have_text(["true", "4.5", "unknown", MARKUP])
    expect(sheet.locator("small")).to_contain_text("second")
