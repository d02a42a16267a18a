// How long it takes this device's audio thread to encode and decode a packet.

import { workletUrl } from "../page/sound/output.js";

/** In ms. Throws where the codec does not work. */
export async function codecMs() {
  const context = new AudioContext();
  try {
    await context.audioWorklet.addModule(workletUrl("codec_cost"));
    const node = new AudioWorkletNode(context, "codec-cost", { numberOfInputs: 0 });
    node.connect(context.destination);
    /** @type {import("../shared/worklet_messages.js").CodecCost} */
    const cost = await new Promise((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data);
    });
    if (cost.type === "failed") throw new Error(cost.problem);
    return cost.ms;
  } finally {
    await context.close();
  }
}
