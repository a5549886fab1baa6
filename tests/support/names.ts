/** Names: a pool over addresses that a test makes up, in time that it moves by hand. */

import type { PoolEvent } from "../../src/contract/events.ts";
import type { Target } from "../../src/contract/transport.ts";
import { createPool, type Pool } from "../../src/create-pool.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import { type MemoryOptions, type MemoryTransport, memoryTransport } from "../../transports/memory.ts";
import { MovableClock } from "./clock.ts";

/** One attempt to connect. */
export interface Tried {
  /** Ms since the test began. */
  readonly at: number;
  readonly address: string;
}

/** What a test of names works with. */
export interface NamedWorld {
  readonly clock: MovableClock;
  readonly pool: Pool;
  readonly transport: MemoryTransport;
  readonly tried: readonly Tried[];
  readonly events: readonly PoolEvent[];
  /** Reasons for which connections were retired so far. */
  retired(): string[];
  /** Requests something; answers the address that it came from. */
  get(origin?: string): Promise<string | undefined>;
}

/** A pool whose names have the addresses that `resolve` answers, each of which behaves as `outcome` says. */
export function namedWorld(
  resolve: NonNullable<MemoryOptions["resolve"]>,
  outcome: (address: string, target: Target) => ReturnType<NonNullable<MemoryOptions["connect"]>> = () =>
    "accept",
  options: PoolOptions = {},
): NamedWorld {
  const clock = new MovableClock();
  const start = clock.now();
  const tried: Tried[] = [];
  const events: PoolEvent[] = [];
  const transport = memoryTransport({
    resolve,
    scheduler: clock,
    respond: () => ({ body: "ok" }),
    connect(target) {
      const address = target.address ?? target.hostname;
      tried.push({ at: clock.now() - start, address });
      return outcome(address, target);
    },
  });
  const onEvent = (event: PoolEvent): void => void events.push(event);
  const pool = createPool({ lifetimeJitter: 0, onEvent, ...options, transport, clock });
  return {
    clock,
    pool,
    transport,
    tried,
    events,
    retired: () => events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : [])),
    async get(origin = "http://api.test") {
      const response = pool.request(`${origin}/`);
      await clock.advance(0);
      return (await response).connection.remoteAddress;
    },
  };
}
