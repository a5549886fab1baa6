/** The list of mutations follows the sources; running them is `tests/mutations/main.ts`. */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
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

test("no promise is broken in the list twice, and there are enough of them", () => {
  assertEquals(new Set(MUTATIONS.map(({ breaks }) => breaks)).size, MUTATIONS.length);
  assert(MUTATIONS.length >= 25);
});
