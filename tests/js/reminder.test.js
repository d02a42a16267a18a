import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Reminder } from "../../web/page/host/reminder.js";

test("while somebody waits for an answer it is said again every fifteen seconds, and no more once there is one", () => {
  mock.timers.enable({ apis: ["setInterval"] });
  let said = 0;
  const reminder = new Reminder(() => (said += 1));
  reminder.isOn = true;
  mock.timers.tick(14_999);
  assert.equal(said, 0);
  reminder.isOn = true; // somebody else waits, too
  mock.timers.tick(1);
  assert.equal(said, 1);
  mock.timers.tick(15_000);
  assert.equal(said, 2);
  reminder.isOn = false;
  mock.timers.tick(60_000);
  assert.equal(said, 2);
  mock.timers.reset();
});
