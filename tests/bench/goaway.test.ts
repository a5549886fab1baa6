/** A short run of bench/goaway, on this runtime. bench/goaway/main.ts is the full proof. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Ledger } from "../../bench/goaway/ledger.ts";
import { ORIGINS, type OriginKind } from "../../bench/goaway/origins.ts";
import { type Figures, isFlawless, runClient } from "../../bench/goaway/run.ts";
import { find } from "../parity/systems/tools.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { here } from "./here.ts";

const REQUESTS = 600;
/** Origins that need nothing but this runtime, and nginx where it is installed. */
const KINDS = ORIGINS.filter(
  ({ name }) => ["node", "hono"].includes(name) || (name.startsWith("nginx") && find("nginx") !== undefined),
);

describe("GOAWAY torture", () => {
  for (const kind of KINDS) {
    it(
      `Holdfast fails nothing, repeats nothing and opens no needless connection with ${kind.name}`,
      {
        timeout: 5 * PATIENCE_MS,
      },
      () => torture(kind),
    );
  }

  async function torture(kind: OriginKind): Promise<void> {
    const origin = await kind.start(here);
    if (typeof origin === "string") throw new Error(origin);
    try {
      for (const client of ["holdfast-request", "holdfast-fetch"] as const) {
        const plan = { runtime: here, requests: REQUESTS, together: 20 };
        const { elapsedMs: _, ...figures } = await runClient(plan, kind, origin, client);
        assertEquals(figures.errors, {});
        assert(isFlawless({ ...figures, elapsedMs: 0 }), JSON.stringify(figures));
        // The run proves something only if the limit was met.
        assertGreaterOrEqual(figures.connections, Math.ceil(REQUESTS / kind.limit));
      }
    } finally {
      await origin.close();
    }
  }
});

/** A judge that notices nothing would find every client flawless. */
describe("the judge of the GOAWAY torture", () => {
  const FLAWLESS: Figures = {
    ...{ requests: 4, right: 4, failedGets: 0, failedPosts: 0, wrong: 0, hung: 0, elapsedMs: 1, errors: {} },
    ...{ executed: 4, twice: 0, connections: 2, allowed: 2 },
  };

  it("finds a failure, a repeated POST and a needless connection", () => {
    assert(isFlawless(FLAWLESS));
    for (const flaw of [{ right: 3 }, { twice: 1 }, { connections: 3 }])
      assert(!isFlawless({ ...FLAWLESS, ...flaw }));
  });

  it("counts what was executed, by request", () => {
    const ledger = new Ledger("r1");
    for (const [method, path] of [
      ["GET", "/r1/0"],
      ["GET", "/r1/0"],
      ["POST", "/r1/1"],
      ["POST", "/r1/1"],
      ["POST", "/r2/1"],
    ] as const)
      ledger.executed(method, path);
    assertEquals(ledger.seen, { executed: 4, twice: 1, connections: 0 });
  });
});
