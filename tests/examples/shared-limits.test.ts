import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { PATIENT } from "../support/patience.ts";

/** The command that runs a TypeScript file that imports the library by its name, on the runtime at hand. */
function commandFor(script: string): [program: string, args: string[]] {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.deno !== undefined) return [process.execPath, ["run", "-A", "--no-check", script]];
  if (versions.bun !== undefined) return [process.execPath, [script]];
  return [process.execPath, ["--import", "tsx", script]];
}

describe("examples/shared-limits.ts", () => {
  it("hands what one process learned to the next", PATIENT, async () => {
    const [program, args] = commandFor(
      fileURLToPath(new URL("../../examples/shared-limits.ts", import.meta.url)),
    );
    const once = async () => {
      const { stdout } = await promisify(execFile)(program, args);
      assertMatch(stdout, /^First process: nothing is known/);
      const [first, second] = ["after a pause", "Second process"].map((when) =>
        Number(new RegExp(`${when}: idle limit (\\d+)ms, learned`).exec(stdout)?.[1]),
      );
      // 5 % below what was seen, which a busy machine can only make later.
      assertGreater(first ?? 0, 0.9 * 1200, stdout);
      return { first, second };
    };
    let learned = await once();
    // Where the second stalls for longer than the limit before the store answers, it sees a close of its own.
    for (let tries = 0; tries < 3 && learned.second !== learned.first; tries++) learned = await once();
    assertEquals(learned.second, learned.first);
  });
});
