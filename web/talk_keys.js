// What may press a button on the screen that is held: a finger, a mouse, the space bar, and whatever can only click.

const SPACE = "Space";
/** Where the space bar has a meaning of its own; on a button, once one went there by keyboard. */
const TAKES_SPACE = "input:not([type=range]), select, textarea, :is(button, summary):focus-visible";

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
  button.addEventListener("click", (event) => event.detail === 0 && toggle()); // no pointer: Enter, or a screen reader
  listenToSpace(button, press, release);
}

/**
 * @param {HTMLButtonElement} button
 * @param {(atMs: number) => void} press
 * @param {(atMs: number) => void} release
 */
function listenToSpace(button, press, release) {
  let down = false;
  const letGo = (/** @type {Event} */ event) => {
    if (!down) return;
    down = false;
    event.preventDefault(); // else a button that has the focus is clicked
    release(event.timeStamp);
  };
  addEventListener("keydown", (event) => {
    if (event.code !== SPACE || button.offsetParent === null || takesSpace(event.target, button)) return;
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
 * @param {HTMLButtonElement} button
 */
function takesSpace(target, button) {
  return target !== button && target instanceof Element && target.matches(TAKES_SPACE);
}
