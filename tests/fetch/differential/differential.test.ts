/**
 * A short part of the differential, on Node alone: the built-in fetches of Deno and Bun are other programs, which differ from the
 * standard in too many places of their own. `main.ts` runs it for longer.
 */

import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { PATIENT } from "../../support/patience.ts";
import { compare, inWords } from "./compare.ts";
import { DIFFERENCES, type Difference } from "./differences.ts";

/** The version of the built-in fetch. The table knows those of Node 20 to 24. */
const UNDICI = Number(process.versions.undici?.split(".")[0]);
const IS_KNOWN = !("Deno" in globalThis || "Bun" in globalThis) && (UNDICI === 6 || UNDICI === 7);

/** Beside the seeds that show a difference each. */
const SEEDS = Array.from({ length: 100 }, (_, index) => index + 1);

describe("fetch beside the built-in one", { skip: !IS_KNOWN }, () => {
  const shown = new Set<Difference>();

  it("differs in nothing but what is meant", PATIENT, async () => {
    for (const seed of new Set([...SEEDS, ...DIFFERENCES.map(({ seed }) => seed)])) {
      const { unexplained, explained } = await compare(seed);
      for (const difference of explained) shown.add(difference);
      assertEquals(unexplained.map(inWords), [], `--replay ${seed}`);
    }
  });

  it("follows redirects with the same requests", PATIENT, async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { unexplained } = await compare(seed, "redirects");
      assertEquals(unexplained.map(inWords), [], `--subject redirects --replay ${seed}`);
    }
  });

  it("has no difference in its table that nothing shows any more", () => {
    const here = DIFFERENCES.filter(({ undici = UNDICI }) => undici === UNDICI);
    const stale = here.filter((difference) => !shown.has(difference));
    assertEquals(
      stale.map(({ reason }) => reason),
      [],
    );
  });
});
