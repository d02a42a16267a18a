// A packet: 12 bytes of header and one Opus payload (streamer/wire/PROTOCOL.md, Packets). Twin of
// wire/packet.py.

/** Each as in wire/packet.py. */
export const HEADER_BYTES = 12;
export const MAX_PACKET_BYTES = 1500;
export const VERSION = 1;
export const AUDIO = 0;
export const TALKSPURT_START = 0x01;
export const ENCRYPTED = 0x02;
export const SILENCE_LEVEL = 127;

const VOICE = 0x80;
/** Version 1, kind 1: a message of several packets (PROTOCOL.md, Bundles). */
const BUNDLE = 0x11;
const LENGTH_BYTES = 2;
const VERSION_AND_KIND = (VERSION << 4) | AUDIO;
const DURATIONS = [1, 2, 4, 8, 16, 24];

/**
 * @typedef {object} Packet
 * @property {number} seq counts packets of the talker, modulo 2¹⁶
 * @property {number} timestamp capture time of the first sample, in samples at 48 kHz, modulo 2³²
 * @property {Uint8Array} payload one Opus packet
 * @property {number} talkerId 0 from a client; the relay stamps it
 * @property {number} level −dBov, 0 (loudest) to 127 (silence), as RFC 6464
 * @property {boolean} voice the voice-activity bit of RFC 6464
 * @property {number} flags TALKSPURT_START, ENCRYPTED
 * @property {number} duration in 2.5 ms
 */

/** A binary message is not a packet. */
export class PacketError extends Error {}

/**
 * @param {Uint8Array} data the payload of the result is a view into it, not a copy
 * @returns {Packet}
 * @throws {PacketError} where `data` is no packet of version 1
 */
export function parsePacket(data) {
  if (data.length <= HEADER_BYTES) {
    throw new PacketError(`packet is ${data.length} bytes, its header alone is ${HEADER_BYTES}`);
  }
  if (data.length > MAX_PACKET_BYTES) {
    throw new PacketError(`packet is ${data.length} bytes, ${MAX_PACKET_BYTES} are allowed`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  checkVersionAndKind(view.getUint8(0));
  const duration = view.getUint8(7);
  if (!DURATIONS.includes(duration)) {
    throw new PacketError(`packet lasts ${duration} × 2.5 ms, which Opus does not have`);
  }
  return {
    seq: view.getUint16(4),
    timestamp: view.getUint32(8),
    payload: data.subarray(HEADER_BYTES),
    talkerId: view.getUint16(2),
    level: view.getUint8(1) & 0x7f,
    voice: (view.getUint8(1) & VOICE) !== 0,
    flags: view.getUint8(6),
    duration,
  };
}

/**
 * @param {Packet} packet
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function serializePacket(packet) {
  const data = new Uint8Array(HEADER_BYTES + packet.payload.length);
  const view = new DataView(data.buffer);
  view.setUint8(0, VERSION_AND_KIND);
  view.setUint8(1, packet.level | (packet.voice ? VOICE : 0));
  view.setUint16(2, packet.talkerId);
  view.setUint16(4, packet.seq);
  view.setUint8(6, packet.flags);
  view.setUint8(7, packet.duration);
  view.setUint32(8, packet.timestamp);
  data.set(packet.payload, HEADER_BYTES);
  return data;
}

/**
 * @param {Uint8Array} message of the relay: a packet, or a bundle of them
 * @returns {Uint8Array[]} views into it; whether they are packets is for `parsePacket` to say
 * @throws {PacketError} where it is a bundle that is too long, holds no two packets, or ends within one
 */
export function packetsOf(message) {
  if (message[0] !== BUNDLE) return [message];
  if (message.length > MAX_PACKET_BYTES) {
    throw new PacketError(`bundle is ${message.length} bytes, ${MAX_PACKET_BYTES} are allowed`);
  }
  const packets = [];
  for (let begin = 1 + LENGTH_BYTES, end = 1; end < message.length; begin = end + LENGTH_BYTES) {
    end = begin + ((message[begin - 2] << 8) | message[begin - 1]);
    if (end > message.length) throw new PacketError("bundle ends within a packet");
    packets.push(message.subarray(begin, end));
  }
  if (packets.length < 2)
    throw new PacketError(`bundle holds ${packets.length} packets, 2 at least are needed`);
  return packets;
}

/** @param {number} versionAndKind */
function checkVersionAndKind(versionAndKind) {
  const version = versionAndKind >> 4;
  const kind = versionAndKind & 0x0f;
  if (version !== VERSION)
    throw new PacketError(`packet is of version ${version}, this is version ${VERSION}`);
  if (kind !== AUDIO) throw new PacketError(`packet is of kind ${kind}, only ${AUDIO} (audio) is known`);
}
