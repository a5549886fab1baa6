/** The page about packages, which `npm run outside` writes: it speaks of the drivers and versions that are there now. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Driver } from "./outside/driver.ts";
import { versionOf } from "./outside/report.ts";

const page = readFileSync(new URL("../docs/sdks.md", import.meta.url), "utf8");
const files = readdirSync(new URL("./outside/drivers/", import.meta.url));
const drivers = await Promise.all(
  files.map(async (file) => {
    const { driver } = (await import(new URL(`./outside/drivers/${file}`, import.meta.url).href)) as {
      driver: Driver;
    };
    return driver;
  }),
);

describe("docs/sdks.md", () => {
  it("has a row for each driver, with the version that is driven", () => {
    const section = page.split("\n## ")[1] ?? "";
    const rows = [...section.matchAll(/^\| (\S+ \d\S*) \|/gm)].map(([, name]) => name);
    assertEquals(rows.sort(), drivers.map((driver) => `${driver.name} ${versionOf(driver)}`).sort());
  });

  it("explains every difference", () => {
    assertEquals(page.match(/Not explained yet/g), null);
  });
});
