/** The served assets of the status page are built from the current sources. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertLess } from "@std/assert";
import { statusAssets } from "../../scripts/status-page.ts";
import { SCRIPT, STYLE } from "../../src/hono/status/assets.ts";

describe("the assets of the status page", () => {
  it("are what scripts/status-page.ts builds from status-page/", async () => {
    const file = new URL("../../src/hono/status/assets.ts", import.meta.url);
    const isCurrent = readFileSync(file, "utf8") === (await statusAssets());
    assert(isCurrent, "run node --import tsx scripts/status-page.ts");
  });

  it("carry uPlot's licence, and load nothing from elsewhere", () => {
    for (const text of [SCRIPT, STYLE]) {
      assert(text.includes("Leon Sorokin") && text.includes("Permission is hereby granted"));
    }
    assert(!/url\(|@import|import\s*\(|\bfrom\s*"/.test(STYLE + SCRIPT));
  });

  it("stay small", () => {
    assertLess(SCRIPT.length + STYLE.length, 100_000);
  });
});
