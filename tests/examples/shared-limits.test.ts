/** The example of a shared learned limit, run as users run it. */

import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals, assertMatch } from "@std/assert";
import { PATIENT } from "../support/patience.ts";

/** The command that runs, on this runtime, a TypeScript file that imports the library by its name. */
function commandFor(script: string): [program: string, args: string[]] {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.deno !== undefined) return [process.execPath, ["run", "-A", "--no-check", script]];
  if (versions.bun !== undefined) return [process.execPath, [script]];
  return [process.execPath, ["--import", "tsx", script]];
}

describe("examples/shared-limits.ts", () => {
  it("passes a learned limit from one process to the next", PATIENT, async () => {
    const [program, args] = commandFor(
      fileURLToPath(new URL("../../examples/shared-limits.ts", import.meta.url)),
    );
    /** Runs the example. Answers what it printed, if the second process did not begin with what the first had learned. */
    const once = async (): Promise<string | undefined> => {
      const { stdout } = await promisify(execFile)(program, args);
      assertMatch(stdout, /^First process: the server's idle limit is not known/);
      const [first, second] = ["after a pause", "Second process"].map((when) =>
        Number(new RegExp(`${when}: idle limit (\\d+)ms, learned`).exec(stdout)?.[1]),
      );
      // 5 % below the observed time, which begins late where a busy machine read the response late.
      const isHalf = (first ?? 0) > 0.5 * 1200;
      return isHalf && second === first ? undefined : stdout;
    };
    // If the second process stalls for longer than the limit before the store answers, it sees a close itself.
    let other = await once();
    for (let tries = 0; tries < 10 && other !== undefined; tries++) other = await once();
    assertEquals(other, undefined);
  });
});
