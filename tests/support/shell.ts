/** Shell: the pool without HTTP, over the transport in memory and a clock moved by hand. It records all events. */

import { assert } from "@std/assert";
import type { ErrorCode, HoldfastError } from "../../src/contract/errors.ts";
import type { PoolEvent } from "../../src/contract/events.ts";
import { originOf } from "../../src/contract/origin.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import type { Transport } from "../../src/contract/transport.ts";
import type { ConnectionUser, PoolWire } from "../../src/contract/wire.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import type { AcquireOptions, Acquirer, Lease, PoolWaiter } from "../../src/pool/connection.ts";
import { Observers } from "../../src/pool/observers.ts";
import { ConnectionPool } from "../../src/pool/pool.ts";
import { NO_HINTS, type ServerHints } from "../../src/rules/rules.ts";
import {
  type MemoryOptions,
  type MemoryPeer,
  type MemoryTransport,
  memoryTransport,
} from "../../transports/memory.ts";
import { MovableClock, settled } from "./clock.ts";

/** A protocol that says nothing. */
const SILENT: PoolWire = { protocol: "http/1.1", start: () => 1 };

/** One request of a test: its result, and what reached it while it had a connection. */
export class TestRequest implements Acquirer<PoolWire>, ConnectionUser {
  readonly requestId = 1;
  lease: Lease<PoolWire> | undefined;
  error: HoldfastError | undefined;
  answers = 0;
  ended: "closed" | "cut" | undefined;
  waiter: PoolWaiter<PoolWire> | undefined;
  readonly #pool: ConnectionPool<PoolWire>;

  constructor(pool: ConnectionPool<PoolWire>) {
    this.#pool = pool;
  }

  granted(lease: Lease<PoolWire>): void {
    this.answers += 1;
    this.lease = lease;
    lease.connection.user = this;
  }

  rejected(error: Error): void {
    this.answers += 1;
    this.error = error as HoldfastError;
  }

  data(): void {}

  drain(): void {}

  closed(): void {
    this.ended = "closed";
    this.release("peer-closed");
  }

  cut(): void {
    this.ended = "cut";
    this.release("pool-closed");
  }

  /** The id of the connection that it got. */
  get connection(): number {
    assert(this.lease, `no connection was granted: ${this.error}`);
    return this.lease.connection.record.id;
  }

  get code(): ErrorCode | undefined {
    return this.error?.code;
  }

  release(reason?: RetireReason, hints: ServerHints = NO_HINTS): void {
    assert(this.lease);
    this.#pool.release(this.lease.connection, { hints, reason });
  }

  cancel(): void {
    assert(this.waiter);
    this.#pool.cancel(this.waiter);
  }
}

/** A pool with its parts and its events. */
export class Shell {
  readonly clock: MovableClock = new MovableClock();
  readonly transport: MemoryTransport;
  readonly observers: Observers;
  readonly pool: ConnectionPool<PoolWire>;
  readonly events: PoolEvent[] = [];

  constructor(
    options: PoolOptions = {},
    memory: MemoryOptions = {},
    wrap = (inner: Transport) => inner,
    wire: PoolWire | Promise<PoolWire> = SILENT,
  ) {
    const settings = resolveOptions({
      lifetimeJitter: 0,
      onEvent: (event) => this.events.push(event),
      ...options,
      clock: this.clock,
    });
    this.transport = memoryTransport(memory);
    this.observers = new Observers(settings.onEvent);
    this.pool = new ConnectionPool(settings, wrap(this.transport), this.observers, {
      expected: () => 1,
      wireOn: () => wire,
    });
  }

  /** Asks for a connection, and waits until all promises have settled. */
  async request(
    origin = "a",
    { unsafe = false, fresh = false }: Partial<AcquireOptions> = {},
  ): Promise<TestRequest> {
    const request = this.ask(origin, { unsafe, fresh });
    await settled();
    return request;
  }

  /** Asks for a connection, and does not wait. */
  ask(origin = "a", { unsafe = false, fresh = false }: Partial<AcquireOptions> = {}): TestRequest {
    const request = new TestRequest(this.pool);
    request.waiter = this.pool.acquire(request, originOf(`http://${origin}`), {
      unsafe,
      fresh,
      timeoutMs: this.pool.settings.acquireTimeoutMs,
    });
    return request;
  }

  /** Makes a connection that has carried one request and is idle. */
  async park(origin = "a", hints?: ServerHints): Promise<MemoryPeer> {
    const request = await this.request(origin);
    request.release(undefined, hints);
    return this.peer(this.transport.peers.length);
  }

  peer(id: number): MemoryPeer {
    const peer = this.transport.peers[id - 1];
    assert(peer, `there is no peer ${id}`);
    return peer;
  }

  /** The reasons of all retired connections so far, in order. */
  get retired(): RetireReason[] {
    return this.events.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : []));
  }

  told<T extends PoolEvent["type"]>(type: T): (PoolEvent & { type: T })[] {
    return this.events.filter((event): event is PoolEvent & { type: T } => event.type === type);
  }
}
