// The way of a voice as a strip: five parts from a mouth to an ear, each as long as it takes, and from each a
// line to its name.

import { createSvg } from "../../ui/dom.js";
import { isPartUnknown, PARTS_SHOWN, shareOf } from "./delay_parts_shown.js";

/** The shortest part, as a share: 5 px and the gap beside it, on a phone. */
const LEAST = 0.023;
const HEIGHT_PX = 24;
/** From below the strip to above the icons. */
const LINE_PX = { from: 28, to: 41 };

/**
 * @param {Element} ways what the parts are drawn in
 * @param {import("../../shared/delay_parts.js").Figure | null} figure null where nothing is known: five equal
 *   parts, hatched
 */
export function drawStrip(ways, figure) {
  const count = PARTS_SHOWN.length;
  let from = 0;
  const nodes = PARTS_SHOWN.flatMap((part, i) => {
    const share = LEAST + (1 - count * LEAST) * (figure ? shareOf(figure, part) : 1 / count);
    const way = createSvg("rect", {
      class: "way",
      "data-way": i + 1,
      x: percent(from),
      width: percent(share),
      height: HEIGHT_PX,
      rx: 8,
    });
    way.toggleAttribute("data-unknown", !figure || isPartUnknown(figure, part));
    const at = { "data-way": i + 1, x1: percent(from + share / 2), x2: percent((i + 0.5) / count) };
    from += share;
    return [way, createSvg("line", { ...at, y1: LINE_PX.from, y2: LINE_PX.to })];
  });
  ways.replaceChildren(...nodes);
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}%`;
