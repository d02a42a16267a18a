// Keeps the newest of a list in sight, until somebody scrolls back: also when a phone is turned, when its
// keyboard opens, and when text grows.

/** Nobody sees a difference: who scrolled back stays there. */
const NEAR_END_PX = 24;
/**
 * So long after the list got another size, what scrolls is the browser. It is late with that when a phone is
 * turned and turned back.
 */
const SETTLING_MS = 500;

export class EndFollower {
  #list;
  /** Nobody has scrolled back. */
  #follows = true;
  /** The size of the list and of what is in it, when that was looked at last. */
  #shape = "";
  #reshapedMs = -SETTLING_MS;

  /** @param {HTMLElement} list that scrolls */
  constructor(list) {
    this.#list = list;
    list.addEventListener("scroll", () => this.#onScroll());
    new ResizeObserver(() => this.#onReshaped()).observe(list);
    // Turned and turned back between two frames, the list has its old size, but was scrolled.
    addEventListener("resize", () => this.#onReshaped());
  }

  /** Something was added. */
  follow() {
    if (this.#follows) this.#list.scrollTop = this.#list.scrollHeight;
    this.#shape = this.#currentShape;
  }

  /** Whoever scrolled back comes back. */
  goToEnd() {
    this.#follows = true;
    this.follow();
  }

  /** @param {number} top the first pixel to see: as if somebody had scrolled there */
  goTo(top) {
    this.#list.scrollTop = top;
    this.#follows = this.#isAtEnd;
  }

  #onReshaped() {
    this.#reshapedMs = performance.now();
    this.follow();
  }

  #onScroll() {
    if (this.#shape !== this.#currentShape) this.#onReshaped();
    else if (this.#isAtEnd) this.#follows = true;
    else if (performance.now() - this.#reshapedMs < SETTLING_MS) this.follow();
    else this.#follows = false;
    // Or a browser would hold the line that was last.
    this.#list.style.overflowAnchor = this.#follows ? "none" : "auto";
  }

  get #currentShape() {
    const { clientWidth, clientHeight, scrollHeight } = this.#list;
    return `${clientWidth} ${clientHeight} ${scrollHeight}`;
  }

  get #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }
}
