import assert from "node:assert/strict";
import { test } from "node:test";

import { Settings } from "../../web/page/settings/settings.js";
import { parseFragment } from "../../web/shared/room_link.js";

const UNTOUCHED = new Settings().chosen;

test("at first the browser cleans the voice, and the voice opens the way for itself", () => {
  assert.equal(UNTOUCHED.echoCancellation && UNTOUCHED.noiseSuppression && UNTOUCHED.autoGainControl, true);
  assert.equal(UNTOUCHED.pushToTalk, false);
});

test("what was chosen is there the next time", () => {
  const settings = new Settings();
  settings.choose("pushToTalk", true);
  settings.choose("microphone", "abc");
  assert.deepEqual(Settings.parse(settings.serialize()).chosen, {
    ...UNTOUCHED,
    pushToTalk: true,
    microphone: "abc",
  });
});

test("the link switches off until that is switched here, and is not kept", () => {
  const settings = new Settings();
  settings.linked = parseFragment("#room=a&echoCancellation=off&noiseSuppression=off");
  assert.deepEqual(settings.processing, {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: true,
  });
  assert.equal(settings.serialize(), "{}");
  settings.choose("echoCancellation", true);
  assert.deepEqual(settings.processing, {
    echoCancellation: true,
    noiseSuppression: false,
    autoGainControl: true,
  });
});

test("music is in stereo, and the browser does nothing to it; after it all is as it was", () => {
  const settings = new Settings();
  settings.linked = parseFragment("#room=a&music=on");
  assert.deepEqual(settings.processing, {
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
    channelCount: 2,
  });
  settings.choose("music", false);
  assert.deepEqual(settings.processing, {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
  });
  assert.deepEqual(Settings.parse(settings.serialize()).chosen, UNTOUCHED);
});

test("what somebody else wrote there changes nothing", () => {
  for (const text of [
    "",
    "nonsense",
    "null",
    "[]",
    '{"pushToTalk": "yes", "microphone": 7, "other": true}',
  ]) {
    assert.deepEqual(Settings.parse(text).chosen, UNTOUCHED);
  }
});

test("packets last 10 ms until somebody chooses less; a length that nobody can choose is 10 ms too", () => {
  const lengths = ["4", "2", "1", "7", "__proto__"].map(
    (packets) => Settings.parse(JSON.stringify({ packets })).packetUnits,
  );
  assert.deepEqual([new Settings().packetUnits, ...lengths], [4, 4, 2, 1, 4, 4]);
});
