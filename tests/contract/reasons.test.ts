/** Reasons: the list is closed. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { RETIRE_REASONS } from "../../src/contract/reasons.ts";

describe("the reasons to retire a connection", () => {
  it("are this closed list, which dashboards and tests rely on", () => {
    assertEquals(RETIRE_REASONS.join(" ").split(" ").toSorted(), [
      "aborted",
      "address-gone",
      "bad-framing",
      "calm",
      "connect-failed",
      "goaway",
      "hint-max",
      "hint-timeout",
      "idle-timeout",
      "learned-limit",
      "make-room",
      "max-idle",
      "max-lifetime",
      "max-requests",
      "moved",
      "no-answer",
      "not-persistent",
      "origin-drained",
      "peer-close",
      "peer-closed",
      "ping-timeout",
      "pool-closed",
      "refused",
      "replaced",
      "single-use",
      "slept",
      "stream-ids",
      "unread-body",
      "unsolicited-data",
      "upgraded",
      "upload-unfinished",
    ]);
  });
});
