import assert from "node:assert/strict";
import { test } from "node:test";

import { Invitation } from "../../web/page/host/invitation.js";

const INVITES = [{ role: /** @type {const} */ ("talk"), key: "k", ends: 0 }];

test("an invitation leads to where this page is, path included", () => {
  for (const folder of ["https://example.org/voice/", "https://[::1]:8443/"]) {
    const invitation = new Invitation(folder);
    invitation.set("home", INVITES, "");
    assert.equal(invitation.link("talk"), `${folder}#room=home&key=k`);
  }
});

test("a link for who only listens is none of those that let people talk", () => {
  const invitation = new Invitation("https://h/");
  invitation.set("home", [...INVITES, { role: "listen", key: "l", ends_s: 0 }], "");
  assert.equal(invitation.link("listen"), "https://h/#room=home&listen&key=l");
});

test("where the relay names a join page, it leads there", () => {
  const invitation = new Invitation("https://192.168.1.20/");
  invitation.set("home", INVITES, "http://192.168.1.20");
  assert.equal(invitation.link("talk"), "http://192.168.1.20/#room=home&key=k");
});
