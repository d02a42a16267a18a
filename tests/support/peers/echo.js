/** A member that says back whatever it hears; for any WebSocket that has the browser's interface. */
export function echo(Socket, url) {
  const socket = new Socket(url, "streamer.v1");
  socket.binaryType = "arraybuffer";
  let me = 0;
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      if (message.type === "welcome") me = message.talker_id;
      if (message.type === "chat" && message.talker_id !== me) {
        socket.send(JSON.stringify({ type: "chat", text: message.text }));
      }
      return;
    }
    const packet = new Uint8Array(data);
    packet[2] = packet[3] = 0;
    socket.send(packet);
  };
}
