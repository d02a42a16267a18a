// One end of a plain WebRTC call, as short as it can be; the two ends' descriptions are carried by the
// benchmark.
globalThis.peer = {
  connection: new RTCPeerConnection(),

  async open(echoCancelling) {
    const settings = {
      echoCancellation: echoCancelling,
      noiseSuppression: echoCancelling,
      autoGainControl: echoCancelling,
    };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: settings });
    for (const track of stream.getTracks()) this.connection.addTrack(track, stream);
    this.connection.ontrack = ({ streams }) => {
      this.audio = new Audio();
      this.audio.srcObject = streams[0];
      this.audio.play();
    };
  },

  /** Waits until all candidates are in the description. */
  async describe(description) {
    await this.connection.setLocalDescription(description);
    while (this.connection.iceGatheringState !== "complete")
      await new Promise((resolve) => setTimeout(resolve, 50));
    return this.connection.localDescription.toJSON();
  },

  async offer(echoCancelling) {
    await this.open(echoCancelling);
    return this.describe(await this.connection.createOffer());
  },

  async answer(offer, echoCancelling) {
    await this.open(echoCancelling);
    await this.connection.setRemoteDescription(offer);
    return this.describe(await this.connection.createAnswer());
  },

  accept(answer) {
    return this.connection.setRemoteDescription(answer);
  },

  /** How much sound had to be made up so far. */
  async concealedMs() {
    const reports = [...(await this.connection.getStats()).values()];
    const { concealedSamples = 0, silentConcealedSamples = 0 } =
      reports.find(({ type }) => type === "inbound-rtp") ?? {};
    return (concealedSamples - silentConcealedSamples) / 48;
  },
};
