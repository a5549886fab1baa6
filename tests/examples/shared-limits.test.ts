import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertMatch } from "@std/assert";

/** The command that runs a TypeScript file that imports the library by its name, on the runtime at hand. */
function commandFor(script: string): [program: string, args: string[]] {
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.deno !== undefined) return [process.execPath, ["run", "-A", "--no-check", script]];
  if (versions.bun !== undefined) return [process.execPath, [script]];
  return [process.execPath, ["--import", "tsx", script]];
}

describe("examples/shared-limits.ts", () => {
  it("hands what one process learned to the next", { timeout: 30_000 }, async () => {
    const [program, args] = commandFor(
      fileURLToPath(new URL("../../examples/shared-limits.ts", import.meta.url)),
    );
    const { stdout } = await promisify(execFile)(program, args);
    assertMatch(stdout, /^First process: nothing is known/);
    assertMatch(stdout, /after a pause: idle limit 1\d+ms, learned/);
    assertMatch(stdout, /Second process: idle limit 1\d+ms, learned/);
  });
});
