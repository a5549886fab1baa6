/** A connection that carries several exchanges, as the pool's shell sees it. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolWire } from "../../src/contract/wire.ts";
import { settled } from "../support/clock.ts";
import { Shell } from "../support/shell.ts";

/** A protocol of streams that says nothing. */
const STREAMS: PoolWire = {
  protocol: "h2",
  start(connection) {
    const nothing = (): void => {};
    connection.user = { data: nothing, drain: nothing, closed: nothing, cut: nothing };
    return 10;
  },
};

describe("leases that wait for their check", () => {
  it("go elsewhere if the peer takes fewer by then: their streams would be beyond its limit", async () => {
    const shell = new Shell({}, {}, undefined, STREAMS);
    const first = await shell.request();
    const connection = first.lease?.connection;
    first.release();
    await shell.clock.advance(100);
    const requests = [1, 2, 3].map(() => shell.ask("a", { unsafe: true }));
    assertEquals(
      requests.map(({ answers }) => answers),
      [0, 0, 0],
      "they are checked first",
    );
    connection?.capacityChanged(1);
    await shell.clock.advance(1);
    await settled();
    const ids = requests.map(({ lease }) => lease?.connection.record.id);
    assertEquals(ids.filter((id) => id === 1).length, 1);
    assertEquals(ids.includes(undefined), false);
  });
});
