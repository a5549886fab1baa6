/** The example of a shared learned limit, on each runtime. */

import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { assertEquals, assertMatch } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";
import { PATIENT } from "../support/patience.ts";

const [program = "", ...args] = onThisRuntime(new URL("../../examples/shared-limits.ts", import.meta.url));

describe("examples/shared-limits.ts", () => {
  it("passes a learned limit from one process to the next", PATIENT, async () => {
    /** Runs the example. Answers what it printed, if the second process did not know what the first had learned. */
    const once = async (): Promise<string | undefined> => {
      const { stdout } = await promisify(execFile)(program, args);
      assertMatch(stdout, /^First process: the server's idle limit is not known/);
      const [first = 0, second = 0] = ["after a pause", "after 0 closes"].map((when) =>
        Number(new RegExp(`${when}: idle limit (\\d+)ms, learned`).exec(stdout)?.[1] ?? 0),
      );
      // 5 % below the observed time, which begins late where a busy machine read the response late.
      const isHalf = first > 0.5 * 1200;
      // A margin depends on the round trips of its own process: 5 to 50 % of the observed time.
      const isSame = second >= (first * 0.5) / 0.95 - 1 && second <= (first * 0.95) / 0.5 + 1;
      return isHalf && isSame ? undefined : stdout;
    };
    // If the second process stalls for longer than the limit before the store answers, it sees a close itself.
    let other = await once();
    for (let tries = 0; tries < 10 && other !== undefined; tries++) other = await once();
    assertEquals(other, undefined);
  });
});
