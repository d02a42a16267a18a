"""The file that describes a device: what is wrong in it is said in words, with the name of the field."""

from pathlib import Path

import pytest

from streamer.device.config import MAX_BYTES, DeviceConfig, read_config
from streamer.errors import SetupError

LINK = 'link = "https://relay.local:8443/#room=home&token=abc"\n'


def config(tmp_path: Path, text: str) -> DeviceConfig:
    path = tmp_path / "device.toml"
    path.write_text(text)
    return read_config(path)


def test_the_link_alone_is_enough(tmp_path: Path) -> None:
    found = config(tmp_path, LINK)
    assert (found.name, found.sound.volume, found.sound.listen, found.talk.by) == (
        "Device",
        80,
        True,
        "voice",
    )


def test_everything_can_be_set_and_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    found = config(
        tmp_path,
        LINK + """
        name = "Kitchen"
        ca = "ca.pem"
        [sound]
        device = "none"
        volume = 35
        listen = false
        muted = true
        [talk]
        by = "file"
        file = "/run/button"
        pressed = "down"
        [sounds]
        ring = "sounds/ring.wav"
        [commands]
        open = ["/bin/open-gate", "--slowly"]
        [telemetry]
        every_s = 2.5
        [telemetry.files]
        temperature_c = "/run/temperature"
        """,
    )
    assert found.ca == tmp_path / "ca.pem"
    assert (found.sound.is_off, found.sound.volume, found.sound.listen, found.sound.muted) == (
        True,
        35,
        False,
        True,
    )
    assert (found.talk.file, found.talk.pressed) == (Path("/run/button"), "down")
    assert found.sounds == {"ring": tmp_path / "sounds/ring.wav"}
    assert found.commands == {"open": ("/bin/open-gate", "--slowly")}
    assert (found.telemetry.every_s, found.telemetry.files) == (
        2.5,
        {"temperature_c": Path("/run/temperature")},
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "`link` is missing"),
        ("link = 3", "`link` is not a text in quotes"),
        ('link = "https://relay.local:8443/"', "does not name a room"),
        ('link = "ftp://x/#room=a"', "begins with https"),
        ("link = ", "is not TOML"),
        (LINK + "nmae = 'K'", "there is no field `nmae`; did you mean `name`?"),
        (LINK + "[sound]\nvolumen = 3", "there is no field `sound.volumen`; did you mean `sound.volume`?"),
        (LINK + "[sound]\nvolume = 101", "`sound.volume` must be from 0 to 100, not 101"),
        (LINK + "[sound]\nvolume = nan", "`sound.volume` must be from 0 to 100, not nan"),
        (LINK + "[sound]\nvolume = true", "`sound.volume` is not a number"),
        (LINK + '[sound]\nvolume = "80"', "`sound.volume` is not a number"),
        (LINK + "[sound]\nlisten = 1", "`sound.listen` is not true or false"),
        (LINK + "sound = 3", "`sound` is not a table: [sound]"),
        (LINK + "[[sound]]\nvolume = 3", "`sound` is not a table"),
        (LINK + '[talk]\nby = "button"', "`talk.by` must be one of"),
        (LINK + '[talk]\nby = "file"', '`talk.by = "file"` needs `talk.file`'),
        (LINK + '[talk]\nby = "key"', '`talk.by = "key"` needs `talk.input`'),
        (LINK + '[talk]\ninput = ""', "`talk.input` is not a path"),
        (LINK + "[talk]\ncode = 0", "`talk.code` must be from 1"),
        (LINK + "[sounds]\nring = 3", "`sounds.ring` is not a text in quotes"),
        (LINK + '[sounds]\nring = "a\\u0000b"', "`sounds.ring` is not a path"),
        (LINK + '[commands]\nopen = "/bin/true"', "`commands.open` is not a program and its arguments"),
        (LINK + "[commands]\nopen = []", "`commands.open` is not a list of a program and its arguments"),
        (LINK + "[commands]\nopen = [3]", "`commands.open` is not a list of a program and its arguments"),
        (
            LINK + '[commands]\nmute = ["/bin/true"]',
            "every device knows mute, volume, play, listen by itself",
        ),
        (LINK + "[telemetry]\nevery_s = 0", "`telemetry.every_s` must be from 1"),
        (LINK + "[telemetry]\nfiles = []", "`telemetry.files` is not a table: [telemetry.files]"),
        (LINK + "[telemetry.files]\n" + "".join(f'a{n} = "b"\n' for n in range(65)), "has 65 fields"),
        ("a = " + "[" * 5_000, "is not TOML"),
        ("#" * (MAX_BYTES + 1), "it is longer than 65,536 bytes"),
    ],
)
def test_what_is_wrong_is_said_with_the_name_of_the_field(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SetupError) as refusal:
        config(tmp_path, text)
    assert words in str(refusal.value)
    assert str(tmp_path / "device.toml") in str(refusal.value)


def test_what_is_no_file_of_text_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"link = '\xff'")
    for path, words in [
        (tmp_path / "missing.toml", "No such file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "bytes.toml", "not UTF-8"),
    ]:
        with pytest.raises(SetupError, match=words):
            read_config(path)
