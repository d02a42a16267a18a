// A link as a code to scan: the one module that knows lean-qr.

// @ts-expect-error its types are by the package's name, which only a bundler would find
import * as leanQr from "../../node_modules/lean-qr/nano.mjs";
import { createSvg } from "../../ui/dom.js";

const { correction, generate } = /** @type {typeof import("lean-qr/nano")} */ (leanQr);

/** As ISO/IEC 18004 asks; with fewer, cameras need several tries. */
const MARGIN_MODULES = 4;

/**
 * @param {string} words
 * @param {string} label for screen readers
 */
export function qrCode(words, label) {
  const code = generate(words, { minCorrectionLevel: correction.M });
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) path += `M${x + MARGIN_MODULES} ${y + MARGIN_MODULES}h1v1h-1z`;
    }
  }
  const size = code.size + 2 * MARGIN_MODULES;
  const svg = createSvg("svg", {
    viewBox: `0 0 ${size} ${size}`,
    role: "img",
    "aria-label": label,
    "shape-rendering": "crispEdges",
  });
  svg.append(
    createSvg("rect", { width: size, height: size, fill: "#ffffff" }),
    createSvg("path", { d: path, fill: "#1e1b16" }),
  );
  return svg;
}
