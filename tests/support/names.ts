/** Names: a pool whose host names have addresses made up by the test, with a clock moved by hand. */

import type { PoolEvent } from "../../src/contract/events.ts";
import type { Target } from "../../src/contract/transport.ts";
import { createPool, type Pool } from "../../src/create-pool.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import { type MemoryOptions, type MemoryTransport, memoryTransport } from "../../transports/memory.ts";
import { MovableClock } from "./clock.ts";

/** One connect attempt. */
export interface Tried {
  /** Ms since the test began. */
  readonly at: number;
  readonly address: string;
}

/** What a test about names works with. */
export interface NamedWorld {
  readonly clock: MovableClock;
  readonly pool: Pool;
  readonly transport: MemoryTransport;
  readonly tried: readonly Tried[];
  readonly events: readonly PoolEvent[];
  /** The reasons of all retired connections so far. */
  retired(): string[];
  /** Sends a request. Returns the address that answered it. */
  get(origin?: string): Promise<string | undefined>;
}

/** A pool whose names resolve to what `resolve` returns. `outcome` says how connecting to an address ends. */
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
