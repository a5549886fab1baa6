/**
 * Unhandled: an unhandled rejection or an uncaught exception fails the run on every test runner, and ends the
 * programs that tests start. Planted ones prove it. Node starts them for all runtimes.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { run } from "../scripts/test/run.ts";
import { denoTest, nodeWithTsx, tool } from "../scripts/test/tools.ts";

const PATIENT = { timeout: 60_000, skip: "Deno" in globalThis || "Bun" in globalThis };

const file = (name: string): string => `./tests/fixtures/unhandled/${name}.ts`;

const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  Node: [...nodeWithTsx, "scripts/test/all.ts"],
  Deno: denoTest,
  Bun: [tool("bun"), "test"],
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
        const { ok, output } = await run([...command, file(`${planted}.test`)]);
        assert(output.includes("planted"), output);
        assertEquals(ok, false, output);
      });

  for (const [name, command] of Object.entries(RUNTIMES))
    it(`ends a program on ${name} with a failing exit code`, PATIENT, async () => {
      const { ok, output } = await run([...command, file("child")]);
      assert(output.includes("planted"), output);
      assertEquals(ok, false, output);
    });
});
