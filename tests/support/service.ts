/** Service: a public pool, a server in memory, and a clock moved by hand. */

import type { PoolEvent } from "../../src/contract/events.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { createPool, type Pool } from "../../src/create-pool.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import {
  type MemoryOptions,
  type MemoryRequest,
  type MemoryResponse,
  type MemoryTransport,
  memoryTransport,
} from "../../transports/memory.ts";
import { MovableClock } from "./clock.ts";

/** What a test's server answers. */
export type Answers = (request: MemoryRequest) => MemoryResponse;

/** A public pool and its surroundings. */
export interface Service {
  readonly pool: Pool;
  readonly clock: MovableClock;
  readonly transport: MemoryTransport;
  readonly events: PoolEvent[];
  /** Requests `origin` once, reads the response, and returns the id of the connection. */
  get(origin?: string): Promise<number>;
  /** The reasons of all retired connections so far, in order. */
  retired(): RetireReason[];
}

/** Makes a pool whose server answers by `respond`. `overrides` replaces parts of the transport. */
export function service(
  options: PoolOptions = {},
  respond: Answers = () => ({ body: "ok" }),
  memory: MemoryOptions = {},
  overrides: Partial<Transport> = {},
): Service {
  const clock = new MovableClock();
  const events: PoolEvent[] = [];
  const transport = memoryTransport({ respond, ...memory });
  const onEvent = (event: PoolEvent) => void events.push(event);
  const pool = createPool({
    lifetimeJitter: 0,
    onEvent,
    ...options,
    transport: { ...transport, ...overrides },
    clock,
  });
  return {
    pool,
    clock,
    transport,
    events,
    async get(origin = "http://a.test") {
      const response = await pool.request(`${origin}/`);
      await response.text();
      return response.connection.id;
    },
    retired: () => events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : [])),
  };
}
