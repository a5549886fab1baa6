/** The list of mutations follows the sources; running them is `tests/mutations/main.ts`. */

import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { assertEquals, assertNotEquals } from "@std/assert";
import { MUTATIONS } from "./mutations.ts";

test("every mutation still finds its text in the sources, exactly once", () => {
  const lost = MUTATIONS.filter(({ file, search }) => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return text.split(search).length !== 2;
  });
  assertEquals(
    lost.map(({ file, search }) => `${file}: ${search}`),
    [],
  );
});

test("no promise is broken in the list twice, and none by leaving the text as it is", () => {
  assertEquals(new Set(MUTATIONS.map(({ breaks }) => breaks)).size, MUTATIONS.length);
  assertEquals(
    MUTATIONS.filter(({ search, replacement }) => search === replacement),
    [],
  );
});

test("every proof is there: one without tests would let the whole suite speak for it", () => {
  const files = readdirSync(new URL("../", import.meta.url), { recursive: true, encoding: "utf8" })
    .map((file) => `tests/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".test.ts"));
  const missing = MUTATIONS.flatMap(({ proof }) =>
    proof === "simulation" || files.some((file) => file.startsWith(proof.tests)) ? [] : [proof.tests],
  );
  assertEquals(missing, []);
});

test("every part of the library is broken somewhere", () => {
  const parts = readdirSync(new URL("../../src/", import.meta.url), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}/`);
  assertNotEquals(parts, []);
  assertEquals(
    parts.filter((part) => !MUTATIONS.some(({ file }) => file.startsWith(part))),
    [],
  );
});
