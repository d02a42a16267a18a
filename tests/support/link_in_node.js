// The page's link in Node, against a real relay by way of a proxy that lets no WebSocket through. Arguments:
// the socket's URL, and how many packets and pings to send. Prints one JSON object a line: what the link
// tells.

import { Link } from "../../web/worker/connection/link.js";
import { serializePacket } from "../../web/shared/packet.js";
import { SURROUNDINGS } from "../../web/worker/connection/surroundings.js";

const EVERY_MS = 20;
const [url, count] = process.argv.slice(2);

/** Node has none: as a browser whose socket does not open. */
function blocked() {
  const socket = { close() {}, send() {} };
  setTimeout(() => socket.onclose?.({ code: 1006, reason: "" }));
  return socket;
}

const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const link = new Link({ ...SURROUNDINGS, open: blocked });
let isIn = false;
link.onState = (state, reason) => {
  isIn = state === "joined";
  tell({ state, reason });
};
link.onSlow = (slow) => tell({ slow });
link.onControl = (message) => tell({ message });
link.onPacket = (data) => tell({ seq: new DataView(data).getUint16(4) });
link.join(url);

let sent = 0;
const talking = setInterval(() => {
  if (!isIn) return;
  if (sent === Number(count)) {
    link.send({ type: "ping", t0: -1 }); // a link on which nothing comes is given up
    return;
  }
  link.send({ type: "ping", t0: sent });
  link.sendPacket(
    serializePacket({
      seq: sent,
      timestamp: sent * 480,
      payload: new Uint8Array(40),
      talkerId: 0,
      level: 30,
      voice: true,
      flags: 0,
      duration: 4,
    }),
  );
  sent += 1;
}, EVERY_MS);
process.stdin.resume();
process.stdin.on("end", () => {
  clearInterval(talking);
  link.leave();
  setTimeout(() => process.exit(), 1_000);
});
