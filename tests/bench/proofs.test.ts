/** The kept results of the speed bench: a goal that was missed says why. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertArrayIncludes, assertEquals } from "@std/assert";
import { GOALS } from "../../bench/speed/goal-list.ts";
import { goalRows } from "../../bench/speed/goals.ts";
import { proofOf } from "../../bench/speed/proofs.ts";
import { reportOf } from "../../bench/speed/report.ts";
import { readParts } from "../../bench/speed/results.ts";
import { root } from "../../scripts/entries.ts";
import { anchorsOf } from "../../scripts/house/documents.ts";

const parts = readParts(join(root, "bench", "results.json"));
const missed = goalRows(GOALS, parts).filter(({ verdict }) => verdict?.met === false);

describe("the kept results of the bench", () => {
  it("have a heading of the performance page for each goal that was missed", () => {
    const anchors = anchorsOf(readFileSync(join(root, "docs", "performance.md"), "utf8"));
    for (const { section, runtime } of missed) {
      const [, heading = `no proof for ${section} on ${runtime}`] =
        proofOf(section, runtime)?.split("#") ?? [];
      assertArrayIncludes(anchors, [heading]);
    }
  });

  it("link to it", () => {
    const links = reportOf(parts).match(/\[why\]\(\.\.\/docs\/performance\.md#[\w-]+\)/g) ?? [];
    assertEquals(links.length, missed.length);
  });
});
