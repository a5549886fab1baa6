/** One test that fails takes no other down with it on Node, neither in the run nor at its end. */

import { it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { run } from "../scripts/test/run.ts";
import { node24, nodeWithTsx } from "../scripts/test/tools.ts";
import { PATIENT } from "./support/patience.ts";

const isNode = !("Deno" in globalThis || "Bun" in globalThis);
const other = node24();

for (const node of [nodeWithTsx, ...(other === undefined ? [] : [[other]])])
  it(`a run of ${node[0]} goes on behind a test that never ends, and ends`, {
    ...PATIENT,
    skip: !isNode && "It is Node's runner",
  }, async () => {
    const options = ["--test-reporter=tap", "--test-timeout=200"];
    const { ok, output } = await run([...node, ...options, "./tests/fixtures/each-ends/run.ts"]);
    assertEquals(ok, false);
    assertEquals(output.match(/^(not )?ok .*/gm), [
      "not ok 1 - waits in vain",
      "not ok 2 - leaves a server and a timer",
      "ok 3 - has nothing to do with them",
    ]);
    assertStringIncludes(output, "A test left open what keeps the process alive: Server");
    assertStringIncludes(output, "# fail 1\n");
  });
