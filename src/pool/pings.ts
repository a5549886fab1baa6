/**
 * Pings: sends PINGs on the connections of one pool that carry several requests at a time, and gives up those that stay silent.
 * `rules/ping.ts` says when. The one timer of the pool is enough.
 */

import { formatMs } from "../contract/duration.ts";
import { TransportError } from "../contract/transport.ts";
import type { PoolWire } from "../contract/wire.ts";
import { type PingFacts, type PingRule, pingDueAt, pongLateAt } from "../rules/ping.ts";
import type { ConnectionRecord } from "./core/records.ts";
import type { PoolTimer, Timed } from "./timer.ts";

/** What is pinged. */
export interface Pinged {
  readonly record: Pick<ConnectionRecord<unknown, unknown>, "state" | "originRecord">;
  readonly wire: PoolWire;
}

/** The pings of one connection, from its opening to its end. */
export class Pings implements Timed {
  timerSlot: number | undefined = undefined;
  readonly #connection: Pinged;
  readonly #rule: PingRule;
  readonly #timer: PoolTimer;
  #heardAt: number;
  #pingedAt: number | undefined = undefined;

  /** The connection is open since `now`. */
  constructor(connection: Pinged, rule: PingRule, timer: PoolTimer, now: number) {
    this.#connection = connection;
    this.#rule = rule;
    this.#timer = timer;
    this.#heardAt = now;
    timer.watch(this);
  }

  /** Something came from the peer, whatever it is. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#pingedAt = undefined;
  }

  /** The connection carries a request again: a PING may be due already. */
  leased(): void {
    this.#timer.ringBy(this.dueAt());
  }

  /** The connection is closed. */
  stop(): void {
    this.#timer.drop(this);
  }

  dueAt(): number {
    const facts = this.#facts();
    return Math.min(pingDueAt(facts, this.#rule), pongLateAt(facts, this.#rule));
  }

  due(now: number): void {
    const { wire } = this.#connection;
    if (now < pongLateAt(this.#facts(), this.#rule)) {
      this.#pingedAt = now;
      return wire.ping?.();
    }
    this.stop();
    const message = `No answer to a PING within ${formatMs(this.#rule.timeoutMs)}`;
    wire.giveUp?.("ping-timeout", new TransportError("timeout", message));
  }

  #facts(): PingFacts {
    const { state, originRecord } = this.#connection.record;
    const isIdle = state === "idle";
    return { heardAt: this.#heardAt, pingedAt: this.#pingedAt, isIdle, calmed: originRecord.calmed };
  }
}
