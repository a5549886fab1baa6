/**
 * Addresses: which address each connection to a name has, and whether the name still has it. Names are looked up again
 * at an interval while connections to them are open, and with every dial.
 */

import { hasAbsent, isGone } from "../../rules/address-memory.ts";
import type { Connection } from "../connection.ts";
import type { PoolTimer, Timed } from "../timer.ts";
import type { Dialer } from "./dialer.ts";
import type { Resolver } from "./resolver.ts";

/** Lookups at once: Node's run in four threads that files need as well. */
const LOOKUPS_AT_ONCE = 4;

/** Told of connections whose address their name no longer has. */
type Gone<Wire> = (connections: readonly Connection<Wire>[]) => void;

/** Watches the addresses of one pool's connections. */
export class DnsRefresh<Wire> implements Timed {
  readonly #dialer: Dialer;
  readonly #resolver: Resolver;
  readonly #refreshMs: number;
  readonly #timer: PoolTimer;
  readonly #gone: Gone<Wire>;
  /** By name. */
  readonly #connections: Map<string, Set<Connection<Wire>>> = new Map();
  #refreshAt = Infinity;
  /** Ends the lookups of the latest refresh, of which one may hang. */
  #refreshing: AbortController | undefined;

  /** The watch of a pool, unless its transport alone knows the addresses. */
  static of<Wire>(
    dialer: Dialer,
    refreshMs: number,
    timer: PoolTimer,
    gone: Gone<Wire>,
  ): DnsRefresh<Wire> | undefined {
    return dialer.resolver === undefined
      ? undefined
      : new DnsRefresh(dialer, dialer.resolver, { refreshMs, timer, gone });
  }

  private constructor(
    dialer: Dialer,
    names: Resolver,
    { refreshMs, timer, gone }: { refreshMs: number; timer: PoolTimer; gone: Gone<Wire> },
  ) {
    this.#dialer = dialer;
    this.#resolver = names;
    this.#refreshMs = refreshMs;
    this.#timer = timer;
    this.#gone = gone;
    names.onAnswer = (hostname) => this.#nameAnswered(hostname);
  }

  /** A connection was opened at `now`. */
  opened(connection: Connection<Wire>, now: number): void {
    const name = this.#dialer.nameTo(connection.originRecord.origin);
    if (name === undefined) return;
    if (this.#connections.size === 0) {
      this.#refreshAt = now + this.#refreshMs;
      this.#timer.watch(this);
    }
    const known = this.#connections.get(name) ?? new Set();
    this.#connections.set(name, known.add(connection));
  }

  /** A connection was closed. */
  closed(connection: Connection<Wire>): void {
    const name = this.#dialer.nameTo(connection.originRecord.origin);
    const known = name === undefined ? undefined : this.#connections.get(name);
    if (name === undefined || known?.delete(connection) !== true || known.size > 0) return;
    this.#connections.delete(name);
    if (this.#connections.size > 0) return;
    this.#timer.drop(this);
    this.#refreshing?.abort();
  }

  dueAt(): number {
    return this.#refreshAt;
  }

  due(now: number): void {
    this.#refreshAt = now + this.#refreshMs;
    const names = [...this.#connections.keys()];
    this.#refreshing?.abort();
    this.#refreshing = new AbortController();
    for (let lane = 0; lane < LOOKUPS_AT_ONCE; lane++) void this.#refresh(names, this.#refreshing.signal);
  }

  async #refresh(names: string[], signal: AbortSignal): Promise<void> {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      // One that fails proves nothing: what is open works, and a dial will tell.
      await this.#resolver.refresh(name, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }

  #nameAnswered(hostname: string): void {
    const memory = this.#resolver.memoryOf(hostname);
    // As good as always; else each dial to a name would look at all connections to it.
    if (!hasAbsent(memory)) return;
    const gone = [...(this.#connections.get(hostname) ?? [])].filter(({ attachment }) => {
      const address = attachment?.socket?.remoteAddress;
      return address !== undefined && isGone(memory, address);
    });
    if (gone.length > 0) this.#gone(gone);
  }
}
