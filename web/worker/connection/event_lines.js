// The bytes in a stream of server-sent events (PROTOCOL.md, Over plain HTTP): each line `data:` has some, in
// base64. Twin of client/event_lines.py.

const DATA = "data:";

/** Puts lines together from the pieces in which they come. */
export class EventLines {
  #came = "";

  /**
   * @param {Uint8Array} piece
   * @returns {Uint8Array<ArrayBuffer>} what the lines have that it completes
   * @throws {Error} for what is no base64
   */
  push(piece) {
    const lines = (this.#came + new TextDecoder().decode(piece)).split("\n");
    this.#came = lines.pop() ?? "";
    // others are comments, by which some proxies keep a stream alive, and the ends of events
    const parts = lines
      .filter((line) => line.startsWith(DATA))
      .map((line) => atob(line.slice(DATA.length).trim()));
    return Uint8Array.from(parts.join(""), (character) => character.charCodeAt(0));
  }
}
