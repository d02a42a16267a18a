import assert from "node:assert/strict";
import { test } from "node:test";

import { SoundedError } from "../../web/worker/delay/sounded_error.js";

const EVERY_US = 200_000;

/** A browser that is asked five times a second what sounds. */
class Browser {
  error = new SoundedError();
  #at = 0;
  #atUs = 1e9;

  /**
   * @param {number} seconds
   * @param {{lateUs?: number, lacksUs?: number, ppm?: number}} [how] by how much it says a later time than is
   *   true; how much sound is lacking each time; how fast the device's clock is
   */
  says(seconds, { lateUs = 0, lacksUs = 0, ppm = 0 } = {}) {
    for (let i = 0; i < seconds * 5; i++) {
      this.#atUs += EVERY_US;
      this.#at += ((EVERY_US - lacksUs) * (1 + ppm / 1e6)) / 1e6;
      this.error.add({ at: this.#at, atUs: this.#atUs + lateUs });
    }
    return this.errorMs();
  }

  anotherContext() {
    this.#at = 0;
  }

  errorMs() {
    return Math.round(this.error.us(this.#atUs) / 1000);
  }
}

test("a browser that does not contradict itself is believed, on any device's clock", () => {
  assert.equal(new Browser().errorMs(), 0);
  assert.equal(new Browser().says(60), 0);
  assert.ok(new Browser().says(60, { ppm: 300 }) <= 2);
  assert.equal(new Browser().says(60, { ppm: -300 }), 0);
});

test("sound that is lacking makes all that follows later, and is no error", () => {
  assert.equal(new Browser().says(30, { lacksUs: 20_000 }), 0);
});

test("sound that was said to be later than it came is an error, and is forgotten after ten seconds", () => {
  const browser = new Browser();
  browser.says(10);
  browser.says(3, { lateUs: 18_000 });
  assert.equal(browser.says(3), 18);
  assert.equal(browser.says(5), 18);
  assert.equal(browser.says(3), 0);
});

test("what a context said is not compared with what another says", () => {
  const browser = new Browser();
  browser.says(10, { lacksUs: 20_000 });
  browser.anotherContext();
  assert.equal(browser.says(10), 0);
});
