/**
 * DNS refresh: finds the connections whose address their name no longer has. Names are looked up again at an interval
 * while connections to them are open. The answers to lookups of new connections count as well.
 */

import type { PoolWire } from "../../contract/wire.ts";
import { hasAbsent, isGone } from "../../rules/address-memory.ts";
import type { Connection } from "../connection.ts";
import type { PoolTimer, Timed } from "../timer.ts";
import type { Dialer } from "./dialer.ts";
import type { Resolver } from "./resolver.ts";

/** Lookups at the same time. Node runs them in its four worker threads, which also read files. */
const LOOKUPS_AT_ONCE = 4;

/** Called with connections whose address their name no longer has. */
type Gone<Wire extends PoolWire> = (connections: readonly Connection<Wire>[]) => void;

/** The DNS refresh of one pool. */
export class DnsRefresh<Wire extends PoolWire> implements Timed {
  readonly #dialer: Dialer;
  readonly #resolver: Resolver;
  readonly #refreshMs: number;
  readonly #timer: PoolTimer;
  readonly #gone: Gone<Wire>;
  /** By name. */
  readonly #connections: Map<string, Set<Connection<Wire>>> = new Map();
  #refreshAt = Infinity;
  /** Ends the lookups of the latest refresh: one of them may hang. */
  #refreshing: AbortController | undefined;

  /** The refresh of a pool; `undefined` if only its transport can look up names. */
  static of<Wire extends PoolWire>(
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
    resolver: Resolver,
    { refreshMs, timer, gone }: { refreshMs: number; timer: PoolTimer; gone: Gone<Wire> },
  ) {
    this.#dialer = dialer;
    this.#resolver = resolver;
    this.#refreshMs = refreshMs;
    this.#timer = timer;
    this.#gone = gone;
    resolver.onAnswer = (hostname) => this.#nameAnswered(hostname);
    resolver.openTo = (hostname, address) => this.#openTo(hostname, address);
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
    for (let worker = 0; worker < LOOKUPS_AT_ONCE; worker++)
      void this.#refresh(names, this.#refreshing.signal);
  }

  async #refresh(names: string[], signal: AbortSignal): Promise<void> {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      // A failed lookup proves nothing about open connections.
      await this.#resolver.refresh(name, signal).catch(() => {});
      if (signal.aborted) return;
    }
  }

  #openTo(hostname: string, address: string): number {
    const connections = [...(this.#connections.get(hostname) ?? [])];
    return connections.filter(({ attachment }) => attachment?.socket?.remoteAddress === address).length;
  }

  #nameAnswered(hostname: string): void {
    const memory = this.#resolver.memoryOf(hostname);
    // The usual case. Without it every lookup would go through all connections to the name.
    if (!hasAbsent(memory)) return;
    const gone = [...(this.#connections.get(hostname) ?? [])].filter(({ attachment }) => {
      const address = attachment?.socket?.remoteAddress;
      return address !== undefined && isGone(memory, address);
    });
    if (gone.length > 0) this.#gone(gone);
  }
}
