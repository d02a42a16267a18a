// Two people, and the way of a voice between them: an arc of five parts from a mouth to an ear, and how long
// it takes.

import { createSvg, element, fillIn, find, setText } from "../../ui/dom.js";
import { t } from "../../ui/text.js";
import { PARTS_SHOWN, shareOf } from "../delay/delay_parts_shown.js";
import { figureOf, remarkOf, wholeOf } from "../delay/delay_words.js";

/** The half circle, in the units of the drawing. */
const CENTRE = { x: 160, y: 8 };
const RADIUS = 136;
/** Between two parts, as a share of the arc; more than the round ends of a line take. */
const GAP = 0.028;
/** A dot runs along the arc in ten times the delay: slow enough to be followed. */
const SLOWED = 10;
/** It rests in between: while it runs, a phone draws sixty times a second. */
const RUNS_EVERY_MS = 6_000;

export class Duet {
  #section = element("duet", HTMLElement);
  #drawing = find(this.#section, "svg[viewBox]", SVGSVGElement);
  #runner = element("runner", HTMLElement);
  #words = element("duet-words", HTMLElement);
  #drawn = "";
  #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #ranMs = -Infinity;
  /** @type {Animation | null} */
  #running = null;

  /** @param {string} name whose voice this is about */
  showName(name) {
    setText(this.#words, t("howLong", { name }));
  }

  /**
   * @param {import("../delay/delay_view.js").Delay | null} delay null in the echo room, and while nothing is
   *   known
   * @param {boolean} talks
   */
  showDelay(delay, talks) {
    const whole = wholeOf(delay?.figure);
    fillIn(this.#section, ".whole b", figureOf(whole));
    fillIn(this.#section, ".whole .small", remarkOf(whole));
    this.#run(talks ? whole.ms : null);
    this.#draw(
      delay
        ? PARTS_SHOWN.map((part) => shareOf(delay.figure, part))
        : PARTS_SHOWN.map(() => 1 / PARTS_SHOWN.length),
    );
  }

  /** @param {number[]} shares of the whole, 0 to 1 */
  #draw(shares) {
    const key = shares.map((share) => share.toFixed(2)).join(" ");
    if (key === this.#drawn) return;
    this.#drawn = key;
    const room = 1 - GAP * (shares.length - 1);
    let from = 0;
    const ways = shares.map((share, i) => {
      const to = from + Math.max(0.01, share * room);
      const way = createSvg("path", {
        class: "way",
        d: arc(from, Math.min(1, to)),
        stroke: `var(--way-${i + 1})`,
      });
      from = to + GAP;
      return way;
    });
    this.#drawing.replaceChildren(...ways);
  }

  /**
   * The dot runs now and then while somebody talks and the delay is known, where the browser may move things.
   * @param {number | null} ms
   */
  #run(ms) {
    if (ms === null || this.#calm.matches) return this.#rest();
    const nowMs = performance.now();
    if (nowMs - this.#ranMs < Math.max(RUNS_EVERY_MS, ms * SLOWED)) return;
    this.#ranMs = nowMs;
    this.#runner.hidden = false;
    // the wrapper's centre is the arc's
    const centred = "translateY(-47.06%)";
    const turn = [{ transform: `${centred} rotate(0)` }, { transform: `${centred} rotate(-180deg)` }];
    this.#running = this.#runner.animate(turn, { duration: ms * SLOWED });
    this.#running.onfinish = () => this.#rest();
  }

  #rest() {
    this.#running?.cancel();
    this.#running = null;
    this.#runner.hidden = true;
  }
}

/**
 * @param {number} from share of the way
 * @param {number} to
 */
function arc(from, to) {
  const [a, b] = [pointAt(from), pointAt(to)];
  return `M${a.x} ${a.y}A${RADIUS} ${RADIUS} 0 0 0 ${b.x} ${b.y}`;
}

/** @param {number} share */
function pointAt(share) {
  const angle = Math.PI * share;
  return {
    x: (CENTRE.x - RADIUS * Math.cos(angle)).toFixed(1),
    y: (CENTRE.y + RADIUS * Math.sin(angle)).toFixed(1),
  };
}
