// One who hears many over plain WebRTC, without a server: a connection for each talker; our own voice goes up
// once.
const SETTINGS = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

globalThis.many = {
  async begin(count, sends) {
    this.peers = Array.from({ length: count }, () =>
      Object.assign(Object.create(peer), { connection: new RTCPeerConnection() }),
    );
    const stream = await navigator.mediaDevices.getUserMedia({ audio: SETTINGS });
    this.peers.forEach(({ connection }, i) => {
      if (sends === "all" || i === 0) connection.addTrack(stream.getAudioTracks()[0], stream);
      connection.ontrack = ({ streams }) => {
        const audio = new Audio();
        audio.srcObject = streams[0];
        audio.play();
      };
    });
  },

  async offers(count) {
    await this.begin(count, "all");
    return Promise.all(this.peers.map(async (each) => each.describe(await each.connection.createOffer())));
  },

  async answers(offers) {
    await this.begin(offers.length, "first");
    return Promise.all(
      this.peers.map(async (each, i) => {
        await each.connection.setRemoteDescription(offers[i]);
        return each.describe(await each.connection.createAnswer());
      }),
    );
  },

  accept(answers) {
    return Promise.all(this.peers.map((each, i) => each.accept(answers[i])));
  },
};
