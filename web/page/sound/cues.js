// Short sounds for events: one instrument for all, made by oscillators. Rising notes come nearer, falling
// notes go away. They play on this device's loudspeaker alone and are never sent to others.

import { load, save } from "../../ui/storage.js";

/**
 * @typedef {"joins" | "leaves" | "message" | "hand" | "knock" | "lost" | "back" | "mutedTalk" | "turn"
 *   | "busy" | "ring" | "recording"} Cue
 */
/** `hz` 0 is a rest; times in ms. @typedef {{hz: number, ms: number}} Note */
/** @typedef {{notes: Note[], wooden?: boolean, vibrate?: number[]}} Sound */

const [G3, A3, C5, E4, A4, D5, E5, G4, G5, A5] = [
  196, 220, 523.25, 329.63, 440, 587.33, 659.26, 392, 783.99, 880,
];

/** @param {...[number, number]} notes pairs of Hz and ms */
const tune = (...notes) => notes.map(([hz, ms]) => ({ hz, ms }));

/** @type {Record<Cue, Sound>} */
const SOUNDS = {
  joins: { notes: tune([G4, 70], [D5, 140]) },
  leaves: { notes: tune([D5, 70], [G4, 140]) },
  message: { notes: tune([E5, 60], [A5, 90]) },
  hand: { notes: tune([C5, 60], [E5, 60], [G5, 120]) },
  knock: { notes: tune([G3, 40], [0, 90], [G3, 40]), wooden: true },
  ring: {
    notes: tune(
      ...Array.from(
        { length: 4 },
        () =>
          /** @type {[number, number][]} */ ([
            [D5, 110],
            [G5, 110],
          ]),
      ).flat(),
    ),
    vibrate: [200, 100, 200],
  },
  lost: { notes: tune([D5, 120], [A4, 120], [E4, 320]), vibrate: [200] },
  back: { notes: tune([E4, 80], [A4, 80], [D5, 200]) },
  mutedTalk: { notes: tune([A3, 60], [0, 60], [A3, 60]), vibrate: [30] },
  turn: { notes: tune([G5, 60], [G5, 60]), vibrate: [40] },
  recording: { notes: tune([A4, 90], [0, 60], [A4, 90], [0, 60], [E5, 240]), vibrate: [60, 60, 60] },
  busy: { notes: tune([425, 120], [0, 120], [425, 120], [0, 120], [425, 120]) },
};

/** A sound every three seconds at most is noticed; more are noise. */
const EVERY_MS = 3_000;
/**
 * Joins, leaves and messages wait while somebody talks; later than this nobody knows what they were about.
 */
const WAITS_MS = 4_000;
/** In a full room people come and go all the time. */
const MOST_FOR_JOINS = 8;
/** A reminder that the microphone is off, not an alarm. */
const MUTED_TALK_EVERY_MS = 20_000;

/** @type {Set<Cue>} */
const URGENT = new Set(["lost", "back", "ring", "turn", "busy", "recording"]);
/** @type {Set<Cue>} */
const POLITE = new Set(["joins", "leaves", "message"]);

export class Cues {
  #play;
  #lastMs = -Infinity;
  #lastMutedTalkMs = -Infinity;
  #somebodyTalks = false;
  /** @type {{cue: Cue, untilMs: number} | null} */
  #waiting = null;
  on = load("cues") !== "off";

  /** @param {(sound: Sound) => void} play */
  constructor(play) {
    this.#play = play;
  }

  /** @param {boolean} on */
  switch(on) {
    this.on = on;
    save("cues", on ? "on" : "off");
  }

  /** @param {boolean} talks whether anybody else talks now */
  set somebodyTalks(talks) {
    this.#somebodyTalks = talks;
    if (talks || !this.#waiting) return;
    const { cue, untilMs } = this.#waiting;
    this.#waiting = null;
    if (performance.now() < untilMs) this.#sound(cue);
  }

  /**
   * @param {Cue} cue
   * @param {number} [people] in the room
   */
  play(cue, people = 0) {
    if ((cue === "joins" || cue === "leaves") && people > MOST_FOR_JOINS) return;
    if (cue === "mutedTalk" && performance.now() - this.#lastMutedTalkMs < MUTED_TALK_EVERY_MS) return;
    if (cue === "mutedTalk") this.#lastMutedTalkMs = performance.now();
    if (POLITE.has(cue) && this.#somebodyTalks)
      this.#waiting = { cue, untilMs: performance.now() + WAITS_MS };
    else this.#sound(cue);
  }

  /** So that somebody hears how it sounds, whatever is switched off. */
  sample() {
    this.#play(SOUNDS.back);
  }

  /** @param {Cue} cue */
  #sound(cue) {
    const sound = SOUNDS[cue];
    if (sound.vibrate) navigator.vibrate?.(sound.vibrate);
    const nowMs = performance.now();
    if (!this.on || (!URGENT.has(cue) && nowMs - this.#lastMs < EVERY_MS)) return;
    this.#lastMs = nowMs;
    this.#play(sound);
  }
}

/**
 * One instrument: a sine with its octave 14 dB below, an attack of 4 ms, a decay of 90 ms, nothing above 3
 * kHz, −24 dBFS at most.
 */
const PEAK = 10 ** (-24 / 20);
const OCTAVE = 10 ** (-14 / 20);
/**
 * Slow enough not to click, and the decays of a small bell and of a wood block; above 3 kHz, notes would be
 * shrill.
 */
const ATTACK_S = 0.004;
const DECAY_S = 0.09;
const WOODEN_DECAY_S = 0.04;
const LOW_PASS_HZ = 3_000;

/**
 * @param {AudioContext} context
 * @param {AudioNode} output
 * @param {Sound} sound
 */
export function playSound(context, output, { notes, wooden = false }) {
  const filter = new BiquadFilterNode(context, { type: "lowpass", frequency: LOW_PASS_HZ });
  filter.connect(output);
  const decayS = wooden ? WOODEN_DECAY_S : DECAY_S;
  let atS = context.currentTime + 0.01;
  for (const { hz, ms } of notes) {
    if (hz > 0) {
      playTone(context, filter, {
        hz,
        atS,
        lastsS: ms / 1000,
        decayS,
        gain: PEAK / (1 + OCTAVE),
        type: wooden ? "triangle" : "sine",
      });
      playTone(context, filter, {
        hz: 2 * hz,
        atS,
        lastsS: ms / 1000,
        decayS,
        gain: (PEAK * OCTAVE) / (1 + OCTAVE),
        type: "sine",
      });
    }
    atS += ms / 1000;
  }
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} output
 * @param {{hz: number, atS: number, lastsS: number, decayS: number, gain: number, type: OscillatorType}} tone
 */
function playTone(context, output, { hz, atS, lastsS, decayS, gain, type }) {
  const tone = new OscillatorNode(context, { frequency: hz, type });
  const envelope = new GainNode(context, { gain: 0 });
  envelope.gain.setValueAtTime(0, atS);
  envelope.gain.linearRampToValueAtTime(gain, atS + ATTACK_S);
  envelope.gain.setTargetAtTime(0, atS + Math.max(ATTACK_S, lastsS), decayS / 3);
  tone.connect(envelope).connect(output);
  tone.start(atS);
  tone.stop(atS + lastsS + 2 * decayS);
}
