import assert from "node:assert/strict";
import { test } from "node:test";

import { Transcript } from "../../web/page/words/transcript.js";

/** @param {Partial<import("../../web/page/words/transcript.js").Line>[]} lines */
function transcriptOf(...lines) {
  const transcript = new Transcript();
  for (const line of lines)
    transcript.add({ name: "Ada", text: "Hello", startMs: 5_000, endMs: 6_200, ...line });
  return transcript;
}

test("a transcript is WebVTT with who speaks, from the first line on", () => {
  const transcript = transcriptOf(
    {},
    { name: "Ben", text: "Good morning", startMs: 3_665_000, endMs: 3_666_500 },
  );
  assert.equal(
    transcript.toVtt(),
    "WEBVTT\n\n00:00:00.000 --> 00:00:01.200\n<v Ada>Hello\n\n" +
      "01:01:00.000 --> 01:01:01.500\n<v Ben>Good morning\n",
  );
  assert.equal(transcript.toText(), "[00:00:00] Ada: Hello\n[01:01:00] Ben: Good morning\n");
});

test("markup, arrows and line breaks of a hostile captioner are text in it", () => {
  const hostile = { name: "<b>&\nWEBVTT", text: "a --> b </v>\n\n00:00:00.000 --> 09:00:00.000\nfalse" };
  const vtt = transcriptOf(hostile).toVtt();
  assert.equal(vtt.split("\n\n").length, 2, "one cue");
  assert.equal(vtt.split(" --> ").length, 2, "one arrow");
  assert.match(
    vtt,
    /<v &lt;b&gt;&amp; WEBVTT>a --&gt; b &lt;\/v&gt; 00:00:00\.000 --&gt; 09:00:00\.000 false/,
  );
});

test("lines are in the order in which they were said, and none is too short to be read", () => {
  const transcript = transcriptOf(
    { text: "later", startMs: 9_000, endMs: 9_000 },
    { text: "earlier", startMs: 7_000, endMs: 8_000 },
  );
  assert.match(transcript.toText(), /^\[00:00:00\] Ada: earlier\n\[00:00:02\] Ada: later\n$/);
  assert.match(transcript.toVtt(), /00:00:02\.000 --> 00:00:02\.500/);
});

test("a transcript is bounded and can be cleared", () => {
  const transcript = transcriptOf(
    ...Array.from({ length: 5_100 }, (_, number) => ({ startMs: number, text: String(number) })),
  );
  assert.equal(transcript.toText().split("\n").length - 1, 5_000);
  assert.match(transcript.toText(), /Ada: 100\n/);
  transcript.clear();
  assert.ok(transcript.isEmpty);
  assert.equal(transcript.toVtt(), "WEBVTT\n");
});
