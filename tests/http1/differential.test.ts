/**
 * The response parser beside Node's own, over made-up and damaged responses: they agree, or their disagreement is one
 * of those listed with an RFC section in disagreements.ts.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { agree, compare, explain, sampleOf, withoutNodesParser } from "./differential.ts";
import { DISAGREEMENTS } from "./disagreements.ts";

/** As many as one likes: tests/fuzz/differential.ts. */
const COUNT = 3000;

describe("Node's parser", { skip: withoutNodesParser }, () => {
  for (const { name, section, why, example, notAlways, applies } of DISAGREEMENTS) {
    it(`differs (${section}): ${name}. ${why}`, async () => {
      const comparison = await compare(example);
      if (notAlways && agree(comparison)) return;
      assertEquals([agree(comparison), applies(comparison)], [false, true]);
      assertEquals(await explain(example), { names: [name], unexplained: undefined });
    });
  }

  it(`reads ${COUNT} generated responses as ours does, except for the listed differences`, async () => {
    let agreed = 0;
    for (let seed = 0; seed < COUNT; seed++) {
      const { names, unexplained } = await explain(sampleOf(seed));
      assert(
        unexplained === undefined,
        `Seed ${seed}, ${names}: ${JSON.stringify(unexplained, undefined, 2)}`,
      );
      if (names.length === 0) agreed += 1;
    }
    assert(agreed > COUNT / 2, `Only ${agreed} of ${COUNT} are read alike: the comparison is not worth much`);
  });
});
