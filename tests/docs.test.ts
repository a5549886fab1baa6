/** What the documents say of the code, checked against the code. */

import { readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { withDiagram } from "../scripts/diagram.ts";
import { deadReferences, documents, stepsNamed } from "../scripts/house/documents.ts";
import { layers } from "../scripts/house/layers.ts";
import { presetsDocument } from "../scripts/presets-doc.ts";
import { run } from "../scripts/test/run.ts";
import { steps } from "../scripts/test/steps.ts";
import { CLIENTS, SERVERS } from "../src/cli/catalog.ts";
import { RETIRE_REASONS } from "../src/contract/reasons.ts";
import { createInstruments } from "../src/metrics/instruments.ts";
import { DEFAULTS } from "../src/options/resolve.ts";
import { PATIENT } from "./support/patience.ts";

/** The walk is watched with the inspector of Node. Its document is the same for all runtimes. */
const noInspector = process.versions.deno !== undefined || process.versions.bun !== undefined;

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

describe("the documents", () => {
  it("name only files, links and commands that exist", () => {
    assertEquals(
      documents().flatMap((document) => deadReferences(document)),
      [],
    );
  });

  it("name only steps of npm test that exist", () => {
    const names = steps([]).map(({ name }) => name);
    const named = documents().flatMap((document) => stepsNamed(read(document)));
    assertEquals(
      named.filter((name) => !names.includes(name)),
      [],
    );
  });

  it("would be reported for what does not exist", () => {
    const text =
      "`src/nowhere/`, `rules/nothing.ts`, [x](docs/none.md), [y](README.md#no-such), npm run nothing";
    assertEquals(deadReferences("README.md", text), [
      "README.md: there is no rules/nothing.ts",
      "README.md: there is no src/nowhere/",
      "README.md: the link to docs/none.md leads nowhere",
      "README.md: README.md has no heading #no-such",
      "README.md: there is no npm run nothing",
    ]);
  });
});

describe("docs/presets.md", () => {
  it("has the presets of today (scripts/presets-doc.ts writes it)", () => {
    assertEquals(read("docs/presets.md"), presetsDocument());
  });
});

describe("ARCHITECTURE", () => {
  it("says which folder may import which, as biome.jsonc does", () => {
    const named = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);
    const rows = tableUnder(read("ARCHITECTURE.md"), "Map").map(([folder, , imports]) => [
      named(folder)[0]?.replace(/^src\//, ""),
      named(imports).sort(),
    ]);
    const enforced = [...layers()].map(([folder, imports]) => [folder, [...imports].sort()]);
    assertEquals(Object.fromEntries(rows), Object.fromEntries(enforced));
  });

  it("shows the state table of today (scripts/diagram.ts writes it)", () => {
    const document = read("ARCHITECTURE.md");
    assertEquals(document, withDiagram(document));
  });

  it("shows a walk that enters each folder once, but one in which a question is answered by a call", () => {
    const sentences = read("ARCHITECTURE.md").match(/Each folder is entered once[^.]*\./g);
    assertEquals(sentences, [
      "Each folder is entered once, but `exchange` twice.",
      "Each folder is entered once, but `pool` twice.",
      "Each folder is entered once.",
    ]);
  });

  it("shows the walk of today (scripts/walk.ts writes it)", { ...PATIENT, skip: noInspector }, async () => {
    // In a process of its own: watching slows down all that runs beside it.
    const loader = process.execArgv.filter((argument) => !argument.startsWith("--test"));
    const { output } = await run([process.execPath, ...loader, "scripts/walk.ts", "--check"]);
    assertEquals(output, "");
  });
});
