// The frames of RFC 6455 that travel in HTTP requests, where no WebSocket gets through (PROTOCOL.md, Over
// plain HTTP). Twin of streamer/websocket/frames.pyx, as far as a relay's frames go: whole messages, never in
// pieces.

/** Opcodes (RFC 6455, section 5.2). */
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

const FIN = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const KEY_BYTES = 4;
/** A welcome has at most so many (PROTOCOL.md). */
const MAX_PAYLOAD_BYTES = 65_536;
const LONGEST_CONTROL_BYTES = 125;
const OPCODES = [TEXT, BINARY, CLOSE, PING, PONG];

/** @typedef {{opcode: number, payload: Uint8Array<ArrayBuffer>}} Frame */

/** What came is no frame of a relay. */
export class FrameError extends Error {}

/**
 * One whole frame, masked as a client's has to be. The key is 0: in the body of a request there is nothing to
 * hide.
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function serializeFrame(opcode, payload) {
  const { length } = payload;
  const size = lengthBytes(length);
  const frame = new Uint8Array(2 + size + KEY_BYTES + length);
  const view = new DataView(frame.buffer);
  frame[0] = FIN | opcode;
  frame[1] = MASKED | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) view.setUint16(2, length);
  if (size === 8) view.setBigUint64(2, BigInt(length));
  frame.set(payload, 2 + size + KEY_BYTES);
  return frame;
}

/** @param {number} length of a payload; returns how many bytes say it, beyond the second one */
const lengthBytes = (length) => (length < 126 ? 0 : length < 65_536 ? 2 : 8);

/** Puts frames together from the pieces in which they come. */
export class FrameReader {
  #came = new Uint8Array(0);

  /**
   * @param {Uint8Array} piece
   * @returns {Frame[]} those that it completes; their payloads are copies
   * @throws {FrameError} after which nothing more can be read
   */
  push(piece) {
    this.#came = joined([this.#came, piece]);
    const frames = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  /** @returns {Frame | null} null where it is not all there */
  #next() {
    const came = this.#came;
    if (came.length < 2) return null;
    const [first, second] = came;
    const opcode = first & 0x0f;
    if (!(first & FIN) || first & RESERVED || !OPCODES.includes(opcode))
      throw new FrameError(`a frame begins with ${first}`);
    if (second & MASKED) throw new FrameError("a relay's frame is masked");
    const size = second < 126 ? 0 : second === 126 ? 2 : 8;
    if (came.length < 2 + size) return null;
    const view = new DataView(came.buffer, came.byteOffset);
    const length = size === 0 ? second : size === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
    if (lengthBytes(length) !== size) throw new FrameError("a frame's length is not in its shortest form");
    if (length > (opcode >= CLOSE ? LONGEST_CONTROL_BYTES : MAX_PAYLOAD_BYTES))
      throw new FrameError(`a frame has ${length} bytes`);
    const end = 2 + size + length;
    if (came.length < end) return null;
    this.#came = came.subarray(end);
    return { opcode, payload: came.slice(2 + size, end) };
  }
}

/** @param {Uint8Array[]} pieces */
export function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
