/** Test pool: a pool whose servers are in memory and whose clock is moved by hand. Nothing happens that a test did not ask for. */

import { type MemoryOptions, type MemoryTransport, memoryTransport } from "../../transports/memory.ts";
import { createPool, type Pool } from "../create-pool.ts";
import type { PoolOptions } from "../options/options.ts";
import { EventLog } from "./event-log.ts";
import { MovableClock } from "./movable-clock.ts";

/** What {@linkcode testPool} takes: how the servers behave, and the options of the pool. */
export interface TestPoolOptions extends Pick<MemoryOptions, "accept" | "respond" | "connect" | "alpn"> {
  /** The pool's options. Its `transport` and `clock` are those of the test. @default {} */
  readonly options?: Omit<PoolOptions, "transport" | "clock">;
}

/** A pool and its surroundings. */
export interface TestPool extends AsyncDisposable {
  /** The pool under test. */
  readonly pool: Pool;
  /** Stands still until it is moved: `await clock.advance(5000)`. */
  readonly clock: MovableClock;
  /** The servers: `transport.peers` are their ends of all connections. */
  readonly transport: MemoryTransport;
  /** What the pool has told since it was made. */
  readonly log: EventLog;
}

/**
 * Makes a pool without a network, for tests of programs that use one and of policies. Without `respond` and `accept` each request is
 * answered with 200 and `"ok"`.
 *
 * @throws {TypeError | RangeError} for wrong options of the pool.
 *
 * @example
 * ```ts
 * const { pool, clock, log } = testPool({ options: { idleTimeout: "5s" } });
 * await (await pool.fetch("http://api.test/")).text();
 * await clock.advance(5000);
 * log.assertRetired("idle-timeout", 1);
 * ```
 */
export function testPool({ options = {}, ...memory }: TestPoolOptions = {}): TestPool {
  const clock = new MovableClock();
  const isScripted = memory.respond !== undefined || memory.accept !== undefined;
  const transport = memoryTransport(isScripted ? memory : { ...memory, respond: () => ({ body: "ok" }) });
  const pool = createPool({ lifetimeJitter: 0, ...options, transport, clock });
  const log = new EventLog(pool);
  const dispose = async (): Promise<void> => {
    const closed = pool.close({ timeout: 0 });
    await clock.advance(0);
    await closed;
  };
  return { pool, clock, transport, log, [Symbol.asyncDispose]: dispose };
}
