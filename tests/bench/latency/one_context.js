// Both ends in one AudioContext, without devices: chirps go into a MediaStreamTrack, and what comes back is
// recorded beside them, sample by sample. Served by the benchmark as a page of the relay, behind webrtc.js.
import { chirp } from "./shared/chirps.js";
import { PacketRing } from "./shared/packet_ring.js";
import { parseFragment, socketUrl } from "./shared/room_link.js";
import { readingOf } from "./shared/track_reader.js";

const RATE = 48_000;
const EVERY = 0.8 * RATE;
const SETTLE_CHIRPS = 12;
const TAP = `registerProcessor("tap", class extends AudioWorkletProcessor {
  process([sent, heard]) {
    this.port.postMessage([sent, heard].map((input) => input[0]?.slice() ?? new Float32Array(128)));
    return true;
  }
});`;

function trainOf(context, count) {
  const train = new AudioBuffer({ length: count * EVERY, sampleRate: RATE });
  const samples = train.getChannelData(0).map(() => (Math.random() - 0.5) * 2e-3);
  for (let i = 0; i < count; i += 1)
    chirp().forEach((sample, j) => (samples[i * EVERY + EVERY / 4 + j] += sample));
  train.copyToChannel(samples, 0);
  return new AudioBufferSourceNode(context, { buffer: train });
}

function enter(name, track) {
  const worker = new Worker("./worker/worker.js", { type: "module" });
  const [capture, playout] = [new MessageChannel(), new MessageChannel()];
  const memory = PacketRing.memory();
  worker.postMessage({ type: "ports", capture: capture.port2, playout: playout.port2, memory }, [
    capture.port2,
    playout.port2,
  ]);
  const reading = track && readingOf(track);
  if (reading)
    worker.postMessage({ type: "microphone", reading, channels: 1, kind: "unprocessed" }, [reading]);
  const url = socketUrl(location.origin, parseFragment(location.hash), name);
  const join = { type: "join", url, state: { muted: !track } };
  worker.addEventListener(
    "message",
    ({ data }) => data.type === "ready" && worker.postMessage(join),
  );
  return { type: "connect", worker: playout.port1, memory };
}

const SERVICES = {
  async streamer(context, stream) {
    await context.audioWorklet.addModule("./worklets/playout.js");
    const node = new AudioWorkletNode(context, "playout", { numberOfInputs: 0, outputChannelCount: [2] });
    await new Promise((resolve) => (node.port.onmessage = resolve));
    const line = enter("ears", null);
    node.port.postMessage(line, [line.worker]);
    enter("mouth", stream.getAudioTracks()[0]);
    return node;
  },

  async webrtc(context, stream) {
    const { peer } = globalThis;
    const far = new RTCPeerConnection();
    const came = new Promise((resolve) => (far.ontrack = ({ streams }) => resolve(streams[0])));
    peer.connection.addTrack(stream.getAudioTracks()[0], stream);
    peer.connection.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => peer.connection.addIceCandidate(candidate);
    await peer.connection.setLocalDescription();
    await far.setRemoteDescription(peer.connection.localDescription);
    await far.setLocalDescription();
    await peer.accept(far.localDescription);
    const heard = await came;
    const audio = new Audio(); // without an element that plays it, Chromium lets nothing through
    audio.srcObject = heard;
    audio.muted = true;
    await audio.play();
    return context.createMediaStreamSource(heard);
  },
};

globalThis.measure = async (service, count) => {
  const context = new AudioContext({ sampleRate: RATE, latencyHint: 0 });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: "text/javascript" })));
  const tap = new AudioWorkletNode(context, "tap", {
    numberOfInputs: 2,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  const mouth = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
  (await SERVICES[service](context, mouth.stream)).connect(tap, 0, 1);
  const train = trainOf(context, SETTLE_CHIRPS + count);
  train.connect(mouth);
  train.connect(tap, 0, 0);
  const blocks = [];
  tap.port.onmessage = ({ data }) => blocks.push(data);
  tap.connect(context.destination);
  train.start();
  await new Promise((resolve) => (train.onended = () => setTimeout(resolve, 500)));
  const measured = blocks.slice((SETTLE_CHIRPS * EVERY) / 128);
  return [0, 1].map((wire) =>
    measured.flatMap((block) => Array.from(block[wire], (sample) => Math.round(sample * 32_767))),
  );
};
