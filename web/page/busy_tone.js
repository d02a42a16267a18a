// What one hears who wants to talk while it is somebody else's turn: three short tones, as of an engaged telephone.

const BUSY_HZ = 425;
const BUSY_S = 0.12;
const BUSY_GAIN = 0.1;

/**
 * @param {AudioContext} context
 * @param {AudioNode} output
 */
export function busyTone(context, output) {
  const { currentTime } = context;
  const tone = new OscillatorNode(context, { frequency: BUSY_HZ });
  const gain = new GainNode(context, { gain: 0 });
  for (const start of [0, 2, 4]) {
    gain.gain.setValueAtTime(BUSY_GAIN, currentTime + start * BUSY_S);
    gain.gain.setValueAtTime(0, currentTime + (start + 1) * BUSY_S);
  }
  tone.connect(gain).connect(output);
  tone.start();
  tone.stop(currentTime + 5 * BUSY_S);
}
