/**
 * Unhandled: an unhandled rejection or an uncaught exception fails the run on every test runner, and ends the
 * programs that tests start. Planted ones prove it. Node starts them for all runtimes.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { run } from "../scripts/test/run.ts";
import { denoTest, node24, nodeWithTsx, tool } from "../scripts/test/tools.ts";

const PATIENT = { timeout: 60_000, skip: "Deno" in globalThis || "Bun" in globalThis };

const file = (name: string): string => `./tests/fixtures/unhandled/${name}.ts`;

const RUNNERS: Readonly<Record<string, (planted: string) => readonly string[]>> = {
  Node: (planted) => [...nodeWithTsx, "scripts/test/all.ts", planted],
  Deno: (planted) => denoTest([planted]),
  Bun: (planted) => [tool("bun"), "test", planted],
};

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: nodeWithTsx,
  Deno: [tool("deno"), "run", "--allow-all", "--no-check"],
  Bun: [tool("bun"), "run"],
};

describe("an unhandled error", () => {
  for (const [name, command] of Object.entries(RUNNERS))
    for (const planted of ["rejection", "exception", "late"])
      it(`fails the tests on ${name}: ${planted}`, PATIENT, async () => {
        const { ok, output } = await run(command(file(`${planted}.test`)));
        assert(output.includes("planted"), output);
        assertEquals(ok, false, output);
      });

  for (const [name, command] of Object.entries(RUNTIMES))
    it(`ends a program on ${name} with a failing exit code`, PATIENT, async () => {
      const { ok, output } = await run([...command, file("child")]);
      assert(output.includes("planted"), output);
      assertEquals(ok, false, output);
    });

  const other = node24();
  for (const node of [nodeWithTsx, ...(other === undefined ? [] : [[other]])])
    it(`fails the test that runs when it happens, on ${node[0]}`, PATIENT, async () => {
      const tap = [...node, "--test-reporter=tap", "scripts/test/all.ts", file("blamed.test")];
      const { output } = await run(tap);
      assertEquals(output.match(/^ *(not )?ok .*/gm), [
        "    ok 1 - passes",
        "        not ok 1 - throws later",
        "        ok 2 - passes after that",
        "    not ok 2 - within a suite",
        "    not ok 3 - rejects later",
        "    ok 4 - passes at the end",
        "not ok 1 - a suite",
      ]);
    });
});
