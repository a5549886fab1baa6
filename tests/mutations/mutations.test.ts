/** The list of mutations fits the sources. `tests/mutations/main.ts` runs the mutations. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { importsOf } from "../../scripts/house/sources.ts";
import { MUTATIONS } from "./mutations.ts";
import { COPIED } from "./scratch.ts";

test("every mutation finds its text in the sources exactly once", () => {
  const lost = MUTATIONS.filter(({ file, search }) => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return text.split(search).length !== 2;
  });
  assertEquals(
    lost.map(({ file, search }) => `${file}: ${search}`),
    [],
  );
});

test("no promise is listed twice, and every mutation changes the text", () => {
  assertEquals(new Set(MUTATIONS.map(({ breaks }) => breaks)).size, MUTATIONS.length);
  assertEquals(
    MUTATIONS.filter(({ search, replacement }) => search === replacement),
    [],
  );
});

const tests = readdirSync(new URL("../", import.meta.url), { recursive: true, encoding: "utf8" })
  .map((file) => `tests/${file.replaceAll("\\", "/")}`)
  .filter((file) => file.endsWith(".test.ts"));

test("every proof names existing tests: one that names none would run the whole suite", () => {
  const missing = MUTATIONS.flatMap(({ proof }) =>
    proof === "simulation" || tests.some((file) => file.startsWith(proof.tests)) ? [] : [proof.tests],
  );
  assertEquals(missing, []);
});

test("the copy that is broken has all that the proofs import", () => {
  const reached = new Set(["tests/simulation/main.ts"]);
  for (const { proof } of MUTATIONS)
    if (proof !== "simulation") for (const file of tests) if (file.startsWith(proof.tests)) reached.add(file);
  // A set is walked on to what is added meanwhile.
  for (const path of reached) {
    const file = new URL(`../../${path}`, import.meta.url);
    if (!path.endsWith(".ts") || !existsSync(file)) continue;
    for (const imported of importsOf({ path, code: readFileSync(file, "utf8") })) reached.add(imported);
  }
  assertEquals(
    [...reached].filter((path) => !COPIED.some((name) => path === name || path.startsWith(`${name}/`))),
    [],
  );
});

test("every folder of src has a mutation", () => {
  const parts = readdirSync(new URL("../../src/", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}/`);
  assertNotEquals(parts, []);
  assertEquals(
    parts.filter((part) => !MUTATIONS.some(({ file }) => file.startsWith(part))),
    [],
  );
});
