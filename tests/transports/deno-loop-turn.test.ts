/** Deno's loop turn: after it, everything that had come before is known, with a loopback pair and without, and without a timer. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type DenoApi, type DenoConn, type DenoTcpConn, deno } from "../../transports/deno-api.ts";
import { DenoLoopTurn } from "../../transports/deno-loop-turn.ts";
import { PATIENT } from "../support/patience.ts";

const CONNECTIONS = 20;

type Permissions = DenoApi["permissions"];

/** Runs with an answer to every question for a permission. */
async function permitted<T>(state: string, run: () => Promise<T>): Promise<T> {
  const api = deno() as { permissions: Permissions };
  const { permissions } = api;
  const { querySync } = permissions;
  permissions.querySync = () => ({ state });
  try {
    return await run();
  } finally {
    permissions.querySync = querySync;
  }
}

async function connected(): Promise<[near: DenoTcpConn, far: DenoConn]> {
  const listener = deno().listen({ hostname: "127.0.0.1", port: 0 });
  const { signal } = new AbortController();
  const { port } = listener.addr;
  const both = await Promise.all([
    deno().connect({ hostname: "127.0.0.1", port, signal }),
    listener.accept(),
  ]);
  listener.close();
  return both;
}

/** Whether a turn found that a peer had closed, and how many timers were set meanwhile. */
interface Looked {
  readonly found: boolean;
  readonly timers: number;
}

async function looked(turn: DenoLoopTurn): Promise<Looked> {
  const [near, far] = await connected();
  let found = false;
  const ended = near.read(new Uint8Array(10)).then((length) => {
    found = length === null;
  });
  // Until here the poller knows of the read.
  await new Promise((resolve) => setTimeout(resolve, 0));
  far.close();
  const { setTimeout: original } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((...given: Parameters<typeof original>) => {
    timers += 1;
    return original(...given);
  }) as typeof original;
  await new Promise<void>((resolve) => turn.turn(resolve));
  globalThis.setTimeout = original;
  const before = found;
  await ended;
  near.close();
  return { found: before, timers };
}

describe("Deno's loop turn", { skip: !("Deno" in globalThis) && "it is Deno's" }, () => {
  const all = Array.from({ length: CONNECTIONS }, () => ({ found: true, timers: 0 }));

  it("finds every connection that its peer has closed, by a pair of loopback sockets", PATIENT, async () => {
    const turn = new DenoLoopTurn();
    const results: Looked[] = [];
    for (let count = 0; count < CONNECTIONS; count++) results.push(await looked(turn));
    assertEquals(results, all);
  });

  it(
    "finds them where it may not open one, by more turns of the loop than the loop does without polling",
    PATIENT,
    async () => {
      const results = await permitted("denied", async () => {
        const turn = new DenoLoopTurn();
        const list: Looked[] = [];
        for (let count = 0; count < CONNECTIONS; count++) list.push(await looked(turn));
        return list;
      });
      assertEquals(results, all);
    },
  );
});
