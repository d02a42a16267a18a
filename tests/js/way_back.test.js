import assert from "node:assert/strict";
import { test } from "node:test";

import { WayBack } from "../../web/page/sheets/way_back.js";

/** A page with at most one sheet, and a history that, as a browser's, goes back a little later. */
class Page {
  open = false;
  entries = [null];
  at = 0;
  /** @type {(() => void)[]} */
  later = [];
  wayBack = new WayBack({ history: this, close: () => this.shut(), isOpen: () => this.open });

  get state() {
    return this.entries[this.at];
  }
  pushState(state) {
    this.entries = [...this.entries.slice(0, this.at + 1), state];
    this.at += 1;
  }
  back() {
    this.later.push(() => {
      this.at -= 1;
      this.wayBack.onPop();
    });
  }
  show() {
    this.open = true;
    this.wayBack.onOpen();
  }
  shut() {
    if (!this.open) return;
    this.open = false;
    this.wayBack.onClose();
  }
  settle() {
    for (const each of this.later.splice(0)) each();
  }
}

test("back closes what is open and stays on the page", () => {
  const page = new Page();
  page.show();
  assert.equal(page.at, 1);
  page.back();
  page.settle();
  assert.equal(page.open, false);
  assert.equal(page.at, 0);
});

test("what is closed otherwise leaves nothing behind that back would have to go through", () => {
  const page = new Page();
  for (let n = 0; n < 3; n += 1) {
    page.show();
    page.shut();
    page.settle();
  }
  assert.equal(page.at, 0);
});

test("what is opened at once after something was closed stays open, and back closes it", () => {
  const page = new Page();
  page.show();
  page.shut();
  page.show();
  page.settle();
  assert.equal(page.open, true);
  assert.equal(page.at, 1);
  page.back();
  page.settle();
  assert.equal(page.open, false);
});

test("going forth again opens nothing, and back from there goes on", () => {
  const page = new Page();
  page.show();
  page.shut();
  page.settle();
  page.at = 1;
  page.wayBack.onPop();
  assert.equal(page.open, false);
  page.show();
  assert.equal(page.at, 1);
});
