"""A sound rig without sound hardware: one PulseAudio, whose only clock is a null sink of many channels.

Every channel is a **wire**. What is written to a wire's feed comes out of its tap, and one recording holds
all wires sample by sample: so the delay from one member's microphone to another's speaker is exact, whatever
the machine's load. It lacks one thing: the sink hands a block of sound to its listeners when the block begins
(`Rig.block_ms`), and a real microphone when it has ended.

    with Rig(members=2) as rig, rig.record() as recording:
        rig.attach(process.pid, member=1)           # its streams go to wires of its own, now and later
        rig.play(rig.microphone(0), speech)
        recording.wait_ms(3_000)
    heard = recording.wire(rig.speaker(1))

A member has two wires: his microphone, which the test plays into, and his speaker. One who is widened has two
of each: another member's wires, who is nobody then, are his right ones. Streams that belong to nobody end on
two spare wires, where no sound comes from and no one listens.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import numpy as np
import psutil
from evidence import keep_on_failure
from machine_steadiness import make_urgent, take_precedence

SAMPLE_RATE = 48_000
CABLE = Path(__file__).with_name("cable.py")
LATENCY_MS = 10  # what the rig's own streams ask for: less stumbles on a busy machine
PLAY_AHEAD_MS = 200
HELD_UP_S = 5

Samples = np.ndarray[Any, np.dtype[np.float32]]


class Wire(NamedTuple):
    channel: int

    @property
    def feed(self) -> str:
        """The sink that writes to this wire."""
        return f"feed{self.channel}"

    @property
    def tap(self) -> str:
        """The source that reads from this wire."""
        return f"tap{self.channel}"

    @property
    def mapping(self) -> str:
        """What makes a device of PulseAudio one that has to do with this wire alone."""
        return f"channels=1 channel_map=mono master_channel_map=aux{self.channel} remix=no"


class Rig:
    def __init__(self, members: int = 3) -> None:
        self.members = members
        self._wires = [Wire(channel) for channel in range(2 * members + 2)]
        self._attached: dict[int, int] = {}
        self._wide: set[int] = set()
        self.processes: list[subprocess.Popen[bytes]] = []
        self._playbacks: list[Playback] = []

    def __enter__(self) -> Self:
        take_precedence()
        self._home = Path(tempfile.mkdtemp(prefix="streamer-rig-"))
        try:
            self._start_pulseaudio()
            self._patchbay = _Patchbay(self)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._patchbay.close()
        self._stop()

    # wires

    def microphone(self, member: int) -> Wire:
        return self._wires[2 * member]

    def speaker(self, member: int) -> Wire:
        return self._wires[2 * member + 1]

    def widen(self, member: int, right: int) -> None:
        """Make a member's microphone and speaker stereo, their right channels on the wires of the member
        `right`."""
        self._wide.add(member)
        mapping = "channels=2 channel_map=front-left,front-right remix=no"
        microphones, speakers = (
            f"aux{one(member).channel},aux{one(right).channel}" for one in (self.microphone, self.speaker)
        )
        source = (
            f"source_name={self._tap(member)} master=bus.monitor master_channel_map={microphones} {mapping}"
        )
        sink = f"sink_name={self._feed(member)} master=bus master_channel_map={speakers} {mapping}"
        self.pactl("load-module", "module-remap-source", *source.split())
        self.pactl("load-module", "module-remap-sink", *sink.split())

    def attach(self, pid: int, member: int) -> None:
        """Keep every stream of a process and its children, also of later ones, on the wires of this
        member."""
        self._attached[pid] = member
        take_precedence(pid)
        self._patchbay.patch()

    def wait_attached(self, member: int, timeout_s: float = 10) -> None:
        """Wait until a microphone and a speaker stream are on this member's wires."""
        self.wait_used({self._tap(member), self._feed(member)}, timeout_s)

    def wait_used(self, devices: Set[str], timeout_s: float = 10) -> None:
        """Wait until a stream is on each of these devices."""

        def missing() -> Set[str]:
            return devices - {stream.device for stream in self.streams()}

        wait_until(lambda: not missing(), timeout_s, lambda: f"no stream is on {missing()}: {self.streams()}")

    def take_microphone(self, member: int) -> None:
        """End what a member's programs read from it, as another program may that wants it alone."""
        self.end_streams({self.microphone(member).tap})

    def mute_microphone(self, member: int, muted: bool) -> None:
        """As a phone does to a page while another app has the microphone."""
        self.pactl("set-source-mute", self.microphone(member).tap, str(int(muted)))

    def end_streams(self, devices: Set[str], *commands: str) -> None:
        """And do what else PulseAudio is told before any program can answer."""
        path = str(self._home / "commands")
        module = self.pactl("load-module", "module-cli-protocol-unix", f"socket={path}").strip()
        ends = [f"kill-{stream.kind} {stream.index}" for stream in self.streams() if stream.device in devices]
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(path)
            line.sendall("".join(f"{command}\n" for command in (*ends, *commands)).encode())
            line.shutdown(socket.SHUT_WR)
            while line.recv(1 << 10):
                pass  # it hangs up when all is done
        self.pactl("unload-module", module)

    def environment(self, member: int | None = None) -> dict[str, str]:
        """The variables that bring a process here; with a member, libpulse (and so ALSA) opens that member's
        wires."""
        variables = {
            "XDG_RUNTIME_DIR": str(self._home),
            "PULSE_SERVER": f"unix:{self._home}/pulse.sock",
            "PULSE_COOKIE": str(self._home / "cookie"),
        }
        if member is not None:
            variables["PULSE_SINK"] = self._feed(member)
            variables["PULSE_SOURCE"] = self._tap(member)
        return variables

    # sound

    def play(self, wire: Wire, samples: Samples) -> "Playback":
        """Start to play mono samples at 48 kHz into a wire.

        From a file: from a pipe that nobody writes to any more, pacat takes the rest with a whole core.
        """
        with tempfile.TemporaryFile(dir=self._home) as file:
            file.write(_to_bytes(samples))
            file.seek(0)
            process = self._stream("--playback", wire.feed, 1, PLAY_AHEAD_MS, stdin=file)
        playback = Playback(process, len(samples) / SAMPLE_RATE)
        self._playbacks.append(playback)
        return playback

    @contextmanager
    def record(self) -> Iterator["Recording"]:
        """Record all wires."""
        channels = len(self._wires)
        process = self._stream("--record", "bus.monitor", channels)
        recording = Recording(process, channels)
        keep_on_failure("wires.wav", recording.write_wav)
        try:
            recording.wait_ms(20)
            yield recording
        except RigHeldUpError:
            for playback in self._playbacks:
                playback.stop()
            raise
        finally:
            recording.close()

    @contextmanager
    def copy(self, source: Wire, target: Wire) -> Iterator[None]:
        """Copy one wire to another: the anchor, the least delay that a program on this rig can have."""
        reader = self._stream("--record", source.tap, 1)
        between = subprocess.Popen([sys.executable, "-S", CABLE], stdin=reader.stdout, stdout=subprocess.PIPE)
        make_urgent(between.pid)
        self.processes.append(between)
        writer = self._stream("--playback", target.feed, 1, stdin=between.stdout)
        try:
            wait_until(lambda: self._plays(writer.pid), 5, lambda: "the copy loop did not start")
            yield
        finally:
            for process in (reader, between, writer):
                stop(process)

    @property
    def block_ms(self) -> float:
        """How much the sink renders at once, as short as the most impatient of its streams wants it."""
        (bus,) = (one for one in self._list("sinks") if one["name"] == "bus")
        return float(bus["latency"]["configured"]) / 1000

    def streams(self) -> list["Stream"]:
        """All streams, of programs and of the rig itself."""
        return [*self._streams("sink-input", "sink"), *self._streams("source-output", "source")]

    def patch(self) -> None:
        """Move what is attached to where it belongs."""
        for stream in self.streams():
            member = self._member_of(stream.pid)
            if member is None:
                continue
            wanted = self._feed(member) if stream.kind == "sink-input" else self._tap(member)
            # Behind a dot: a second device of the same wire.
            if (stream.device or "").partition(".")[0] != wanted:
                # It may be gone by now.
                self.pactl(f"move-{stream.kind}", str(stream.index), wanted, check=False)

    def pactl(self, *arguments: str, check: bool = True) -> str:
        command = ["pactl", *arguments]
        done = subprocess.run(
            command, env=self._env(), capture_output=True, text=True, timeout=20, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    # how it works

    def _tap(self, member: int) -> str:
        """The source of a member's microphone."""
        return self.microphone(member).tap + ("-stereo" if member in self._wide else "")

    def _feed(self, member: int) -> str:
        """The sink of a member's speaker."""
        return self.speaker(member).feed + ("-stereo" if member in self._wide else "")

    def _start_pulseaudio(self) -> None:
        settings = self._home / "home/.config/pulse"
        settings.mkdir(parents=True)
        (settings / "daemon.conf").write_text("flat-volumes = no\ndefault-sample-rate = 48000\n")
        (self._home / "cookie").write_bytes(bytes(256))
        environment = self._env() | {"HOME": str(self._home / "home")}
        del environment["PULSE_SERVER"]
        self._log = (self._home / "pulseaudio.log").open("wb")
        command = ["pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"]
        command += [f"--load={module}" for module in self._modules()]
        self._pulseaudio = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=subprocess.STDOUT
        )
        wait_until(self._answers, 20, self._complaint)
        self._hurry()
        self.pactl("set-default-source", self._wires[-2].tap)
        self.pactl("set-default-sink", self._wires[-1].feed)

    def _hurry(self) -> None:
        """Set the null sink's block before its clock runs: alone it sleeps for 2 s at a time."""
        self.pactl("suspend-sink", "bus", "1")
        self._stream("--record", "bus.monitor", len(self._wires), stdout=subprocess.DEVNULL)
        wait_until(self.streams, 5, lambda: "no stream opens on the rig")
        self.pactl("suspend-sink", "bus", "0")

    def _modules(self) -> Iterator[str]:
        names = [f"aux{wire.channel}" for wire in self._wires]
        yield f"module-native-protocol-unix socket={self._home}/pulse.sock auth-anonymous=1"
        channels = f"channels={len(names)} channel_map={','.join(names)}"
        # A tap of a sink that can be rewound holds a block back, or two or three of them.
        yield f"module-null-sink sink_name=bus norewinds=1 rate={SAMPLE_RATE} {channels}"
        for wire in self._wires:
            yield f"module-remap-sink sink_name={wire.feed} master=bus {wire.mapping}"
            yield f"module-remap-source source_name={wire.tap} master=bus.monitor {wire.mapping}"

    def _answers(self) -> bool:
        if self._pulseaudio.poll() is not None:
            raise RuntimeError(self._complaint())
        return self._wires[-1].tap in self.pactl("list", "short", "sources", check=False)

    def _complaint(self) -> str:
        return f"PulseAudio did not start:\n{(self._home / 'pulseaudio.log').read_text()}"

    def _env(self) -> dict[str, str]:
        return os.environ | self.environment()

    def _stream(
        self, direction: str, device: str, channels: int, latency_ms: int = LATENCY_MS, **pipes: Any
    ) -> subprocess.Popen[bytes]:
        names = ",".join(f"aux{channel}" for channel in range(channels)) if channels > 1 else "mono"
        command = [
            "pacat",
            direction,
            f"--device={device}",
            "--raw",
            "--format=s16le",
            f"--rate={SAMPLE_RATE}",
        ]
        command += [
            f"--channels={channels}",
            f"--channel-map={names}",
            f"--latency-msec={latency_ms}",
            "--no-remix",
        ]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log} | pipes
        process = subprocess.Popen(command, env=self._env(), **pipes)
        make_urgent(process.pid)
        self.processes.append(process)
        return process

    def _streams(self, kind: str, device: str) -> Iterator["Stream"]:
        names = {one["index"]: one["name"] for one in self._list(f"{device}s")}
        for one in self._list(f"{kind}s"):
            pid = one["properties"].get("application.process.id")
            yield Stream(kind, one["index"], int(pid) if pid else None, names.get(one[device]))

    def _list(self, kind: str) -> list[dict[str, Any]]:
        answer = self.pactl("-f", "json", "list", kind, check=False)
        return json.loads(answer) if answer.strip() else []

    def _plays(self, pid: int) -> bool:
        return any(stream.pid == pid and stream.kind == "sink-input" for stream in self.streams())

    def _member_of(self, pid: int | None) -> int | None:
        while pid and pid not in self._attached:
            pid = _parent(pid)
        return self._attached[pid] if pid else None

    def _stop(self) -> None:
        for process in self.processes:
            stop(process)
        if hasattr(self, "_pulseaudio"):
            stop(self._pulseaudio)
            self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)


class Stream(NamedTuple):
    kind: str
    index: int
    pid: int | None
    device: str | None


class RigHeldUpError(AssertionError):
    """PulseAudio did not keep time, and says nothing of the product: measure again."""


class Playback:
    """A sound on its way into a wire."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self._seconds = seconds

    def wait(self) -> None:
        """Wait until all of it is on the wire.

        PulseAudio's null sink can sleep for seconds while much plays on a busy machine, and players that ran
        out of sound meanwhile never go on.
        """
        try:
            self._process.wait(self._seconds + HELD_UP_S)
        except subprocess.TimeoutExpired:
            self.stop()
            raise RigHeldUpError(
                f"the rig has not played {self._seconds:.1f} s of sound in {HELD_UP_S} s more"
            ) from None

    def stop(self) -> None:
        stop(self._process)


class Recording:
    """All wires, from the start of the recording on."""

    def __init__(self, process: subprocess.Popen[bytes], channels: int) -> None:
        self._process = process
        self._channels = channels
        self._data = bytearray()
        self._grown = threading.Condition()
        assert process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    @property
    def length(self) -> int:
        """How many samples there are by now."""
        return len(self._data) // (2 * self._channels)

    def wire(self, wire: Wire, start: int = 0, stop: int | None = None) -> Samples:
        """What was on a wire between two samples, from −1 to 1."""
        with self._grown:
            end = self.length if stop is None else min(stop, self.length)
            chunk = bytes(self._data[2 * self._channels * start : 2 * self._channels * end])
        return np.frombuffer(chunk, "<i2")[wire.channel :: self._channels].astype(np.float32) / 32768

    def write_wav(self, path: Path) -> None:
        """All wires so far, each a channel."""
        with wave.open(str(path), "wb") as file:
            file.setparams((self._channels, 2, SAMPLE_RATE, 0, "NONE", "not compressed"))
            with self._grown:
                file.writeframes(bytes(self._data))

    def wait_ms(self, duration_ms: float) -> None:
        """Wait until so much more sound has been recorded."""
        target = self.length + int(duration_ms * SAMPLE_RATE / 1000)
        with self._grown:
            arrived = self._grown.wait_for(lambda: self.length >= target, timeout=duration_ms / 1000 * 3 + 5)
        if not arrived:
            missing = target - self.length
            raise RigHeldUpError(
                f"the rig stands still: {missing} samples are missing after {duration_ms} ms"
            )

    def wait_for_sound(self, wire: Wire, timeout_s: float, level: float = 0.01, start: int = 0) -> int:
        """Wait until a wire is louder than a level; gives the sample at which that happened."""
        position = start
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            loud = np.flatnonzero(np.abs(self.wire(wire, position)) > level)
            if loud.size:
                return position + int(loud[0])
            position = max(start, self.length - SAMPLE_RATE // 10)
            self.wait_ms(20)
        raise AssertionError(f"no sound on wire {wire.channel} within {timeout_s} s")

    def close(self) -> None:
        stop(self._process)
        self._reader.join(5)

    def _read(self, pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), 1 << 16):
            with self._grown:
                self._data += chunk
                self._grown.notify_all()


class _Patchbay:
    """Moves streams to their wires as they come: browsers choose no device by themselves."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._lock = threading.Lock()
        self._events = subprocess.Popen(
            ["pactl", "subscribe"],
            env=os.environ | rig.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def patch(self) -> None:
        with self._lock:
            self._rig.patch()

    def close(self) -> None:
        stop(self._events)
        self._thread.join(5)

    def _watch(self) -> None:
        assert self._events.stdout is not None
        for line in self._events.stdout:
            if "'new' on sink-input" in line or "'new' on source-output" in line:
                self.patch()


def wait_until(condition: Callable[[], Any], timeout_s: float, complaint: Callable[[], str]) -> Any:
    """Poll a condition until it is truthy, and give its value; fail with the complaint after the time."""
    until = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"after {timeout_s} s: {complaint()}")
        time.sleep(0.02)
    return value


def stop(process: subprocess.Popen[Any]) -> None:
    """End a process of ours, politely at first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _parent(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return None


def _to_bytes(samples: Samples) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
