/** What the documents say of the code, checked against the code. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { withDiagram } from "../scripts/diagram.ts";
import { presetsDocument } from "../scripts/presets-doc.ts";
import { CLIENTS, SERVERS } from "../src/cli/catalog.ts";
import { RETIRE_REASONS } from "../src/contract/reasons.ts";
import { createInstruments } from "../src/metrics/instruments.ts";
import { DEFAULTS } from "../src/options/settings.ts";

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

/** The rows of the table under a heading, as cells. */
function tableUnder(document: string, heading: string): string[][] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function written(value: unknown): string {
  if (value === DEFAULTS.clock) return "systemClock";
  if (value === Math.random) return "Math.random";
  if (typeof value === "object") return JSON.stringify(value);
  return typeof value === "string" ? `"${value}"` : String(value);
}

describe("README", () => {
  const readme = read("README.md");

  it("names every option with its default, and no other", () => {
    const documented = tableUnder(readme, "Rules").map(([option, value]) => `${option} ${value}`);
    const actual = Object.entries(DEFAULTS).map(([name, value]) => `\`${name}\` \`${written(value)}\``);
    assertEquals(documented.sort(), actual.sort());
  });

  it("names every metric", () => {
    const names: string[] = [];
    const make = (name: string) => {
      names.push(name);
      return { add() {}, record() {}, addCallback() {}, removeCallback() {} };
    };
    createInstruments({
      createCounter: make,
      createUpDownCounter: make,
      createHistogram: make,
      createObservableUpDownCounter: make,
    });
    const missing = names.filter((name) => !readme.includes(`\`${name}\``));
    assertEquals([names.length, missing], [8, []]);
  });

  it("lists every retire reason", () => {
    const missing = RETIRE_REASONS.filter((reason) => !readme.includes(`\`${reason}\``));
    assertEquals(missing, []);
  });

  it("names every preset", () => {
    const section = readme.split("\n## Presets\n")[1]?.split("\n## ")[0] ?? "";
    const shortened: Record<string, string> = { apacheHttpClient5: "`apacheHttpClient4` and `5`" };
    const names = [...Object.keys(CLIENTS), ...Object.keys(SERVERS)].filter((name) => name !== "holdfast");
    assertEquals(
      names.filter((name) => !section.includes(shortened[name] ?? `\`${name}\``)),
      [],
    );
  });

  it("shows code within its first 12 lines and stays under 200", () => {
    const lines = readme.split("\n");
    assertLess(
      lines.findIndex((line) => line.startsWith("import ")),
      12,
    );
    assertLess(lines.length, 200);
  });
});

describe("docs/presets.md", () => {
  it("has the presets of today (scripts/presets-doc.ts writes it)", () => {
    assertEquals(read("docs/presets.md"), presetsDocument());
  });
});

describe("ARCHITECTURE", () => {
  it("shows the state table of today (scripts/diagram.ts writes it)", () => {
    const document = read("ARCHITECTURE.md");
    assertEquals(document, withDiagram(document));
  });
});
