/**
 * Request-limit learner: keeps what is known of each origin's HTTP/2: whether it speaks it, and after how many requests it
 * ends a connection. `rules/learned-requests.ts` draws the conclusions.
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";
import { learnedRequests, sawGoaway, sawNoGoaway } from "../../rules/learned-requests.ts";
import type { Effect } from "./effects.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";

/** A GOAWAY this long after the last response is about idle time, and not about the number of requests. */
const BEHIND_RESPONSE_MS = 20;

/** Leases that an HTTP/2 connection is expected to take at a time until the peer says so. */
const EXPECTED_STREAMS = 100;

/** Learns the request limits of one pool's origins. */
export class RequestLimitLearner<C, W> {
  readonly #emit: (effect: Effect<C, W>) => void;
  readonly #changed: (origin: OriginRecord<C, W>, now: number) => void;

  /** `changed`: the learned number of an origin is another one from now on. */
  constructor(
    emit: (effect: Effect<C, W>) => void,
    changed: (origin: OriginRecord<C, W>, now: number) => void,
  ) {
    this.#emit = emit;
    this.#changed = changed;
  }

  /** Forgets what has not been seen for long. Called when a connection of the origin is open. */
  review(origin: OriginRecord<C, W>, now: number): void {
    if (origin.learnedRequests !== Infinity) this.#review(origin, origin.memory, now);
  }

  /** A connection is open and speaks `protocol`. `negotiated`: it might have spoken another one. */
  spoke(connection: ConnectionRecord<C, W>, protocol: WireProtocol, negotiated: boolean): void {
    const { originRecord: origin } = connection;
    connection.protocol = protocol;
    origin.protocol = protocol;
    if (negotiated && origin.memory.protocol !== protocol)
      this.#learn(origin, { ...origin.memory, protocol }, true);
  }

  /** The peer said GOAWAY on a connection, after it had taken `taken` requests. */
  saidGoaway(connection: ConnectionRecord<C, W>, taken: number | undefined, now: number): void {
    const { originRecord: origin, openedAt, state, idleSince } = connection;
    if (!connection.rules.learn || taken === undefined) return;
    if (state === "idle" && now - idleSince >= BEHIND_RESPONSE_MS) return;
    this.#review(origin, sawGoaway(origin.memory, { requests: taken, openedAt }, now), now);
  }

  /**
   * The last lease of a connection has ended that carried the learned number of requests. `reason`: why it ends for another
   * cause than its rules.
   */
  ended(connection: ConnectionRecord<C, W>, reason: RetireReason | undefined, now: number): void {
    const { originRecord: origin, requests, retireReason = reason, saidGoaway } = connection;
    if (saidGoaway) return;
    if (retireReason === undefined || retireReason === "learned-limit")
      this.#review(origin, sawNoGoaway(origin.memory, requests), now);
  }

  /**
   * A memory that was kept elsewhere. What was seen here meanwhile counts more. Answers what connections are expected to take
   * at a time, if that follows.
   */
  restored(origin: OriginRecord<C, W>, memory: LimitMemory, now: number): number | undefined {
    const { goaways, goawayBurstUntil, protocol } = memory;
    if (origin.rules.learn && origin.memory.goaways === undefined && goaways !== undefined)
      this.#review(origin, { ...origin.memory, goaways, goawayBurstUntil }, now);
    if (protocol === undefined || origin.memory.protocol !== undefined) return undefined;
    this.#learn(origin, { ...origin.memory, protocol }, false);
    return protocol === "h2" ? EXPECTED_STREAMS : 1;
  }

  #review(origin: OriginRecord<C, W>, memory: LimitMemory, now: number): void {
    const isNew = memory !== origin.memory;
    const requests = learnedRequests(memory, now);
    const previousRequests = origin.learnedRequests;
    origin.learnedRequests = requests;
    this.#learn(origin, memory, isNew || requests !== previousRequests, previousRequests);
    if (requests !== previousRequests) this.#changed(origin, now);
  }

  #learn(
    origin: OriginRecord<C, W>,
    memory: LimitMemory,
    isNew: boolean,
    previousRequests: number = origin.learnedRequests,
  ): void {
    origin.memory = memory;
    const { learnedIdleMs: idleMs, learnedRequests: requests } = origin;
    const told = { originRecord: origin, idleMs, previousMs: idleMs, requests, previousRequests };
    if (isNew) this.#emit({ type: "learned", ...told });
  }
}
