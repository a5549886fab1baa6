/** The list of mutations fits the sources. `tests/mutations/main.ts` runs the mutations. */

import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { MUTATIONS } from "./mutations.ts";

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

test("every proof names existing tests: one that names none would run the whole suite", () => {
  const files = readdirSync(new URL("../", import.meta.url), { recursive: true, encoding: "utf8" })
    .map((file) => `tests/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".test.ts"));
  const missing = MUTATIONS.flatMap(({ proof }) =>
    proof === "simulation" || files.some((file) => file.startsWith(proof.tests)) ? [] : [proof.tests],
  );
  assertEquals(missing, []);
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
