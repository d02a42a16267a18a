// What may press a button on the screen that is held: a finger, a mouse, the space bar, and whatever can only
// click.

const SPACE = "Space";
/** Where a space is written, or chooses. */
const TAKES_SPACE = "input:not([type=range], [type=checkbox]), select, textarea";
/** Where it presses, for somebody who went there by keyboard; who has just clicked there wants to talk. */
const PRESSED_BY_SPACE = "button, summary, [type=checkbox]";

/**
 * @typedef {object} Pressed each with the time of the event, in ms
 * @property {(atMs: number) => void} press
 * @property {(atMs: number) => void} release
 * @property {() => void} toggle
 */

/**
 * @param {HTMLButtonElement} button
 * @param {Pressed} pressed
 */
export function listenToButton(button, { press, release, toggle }) {
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    press(event.timeStamp);
  });
  for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
    button.addEventListener(end, (event) => release(event.timeStamp));
  }
  button.addEventListener("contextmenu", (event) => event.preventDefault()); // a long press on Android
  // No pointer: Enter, or a screen reader.
  button.addEventListener("click", (event) => event.detail === 0 && toggle());
  listenToSpace(button, press, release);
}

/**
 * @param {HTMLButtonElement} button
 * @param {(atMs: number) => void} press
 * @param {(atMs: number) => void} release
 */
function listenToSpace(button, press, release) {
  let down = false;
  let focusedByKey = false;
  addEventListener("focusin", ({ target }) => {
    focusedByKey = target !== button && matches(target, ":focus-visible");
  });
  const letGo = (/** @type {Event} */ event) => {
    if (!down) return;
    down = false;
    event.preventDefault(); // else a button that has the focus is clicked
    release(event.timeStamp);
  };
  addEventListener("keydown", (event) => {
    if (event.code !== SPACE || button.offsetParent === null) return;
    if (matches(event.target, TAKES_SPACE) || (focusedByKey && matches(event.target, PRESSED_BY_SPACE)))
      return;
    event.preventDefault();
    if (event.repeat) return;
    down = true;
    press(event.timeStamp);
  });
  addEventListener("keyup", (event) => event.code === SPACE && letGo(event));
  addEventListener("blur", letGo);
}

/**
 * @param {EventTarget | null} target
 * @param {string} selector
 */
function matches(target, selector) {
  return target instanceof Element && target.matches(selector);
}
