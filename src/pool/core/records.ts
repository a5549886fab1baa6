/**
 * Records: what the core remembers of a connection, of an origin and of a waiter. Data only; the core alone
 * changes it. `C` and `W` are what the shell attaches to a connection and to a waiter: the core never looks.
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { Origin } from "../../contract/origin.ts";
import { RETIRE_REASONS, type RetireReason } from "../../contract/reasons.ts";
import type { IdleConnections } from "../../rules/idle-choice.ts";
import { NOTHING_LEARNED } from "../../rules/learned-limit.ts";
import { type ConnectionFacts, NO_HINTS, type ServerHints } from "../../rules/rules.ts";
import type { HeapEntry } from "./deadlines.ts";
import { List, type ListNode, listNode } from "./list.ts";
import { nextState, type State, type Step } from "./state.ts";

/** One connection and its history. */
export class ConnectionRecord<C, W> implements ConnectionFacts {
  state: State = "connecting";
  openedAt: number;
  expiresAt: number = Infinity;
  idleSince: number;
  requests = 0;
  /** How long it had been idle when it was last leased. */
  leasedIdleMs = 0;
  hints: ServerHints = NO_HINTS;
  roundTripMs = 0;
  /** When a rule retires it; `Infinity` unless idle. */
  retireAt: number = Infinity;
  /** Its exchange goes on for the sake of the connection alone. */
  lingers = false;
  /** Kept by {@linkcode Deadlines}. */
  heapEntry: HeapEntry | undefined = undefined;
  /** Why it was retired while active. */
  retireReason: RetireReason | undefined = undefined;
  attachment: C | undefined = undefined;
  readonly id: number;
  readonly originRecord: OriginRecord<C, W>;
  readonly originNode: ListNode<ConnectionRecord<C, W>>;
  readonly originIdleNode: ListNode<ConnectionRecord<C, W>>;
  readonly idleNode: ListNode<ConnectionRecord<C, W>>;
  #lingerNodes: readonly [ListNode<ConnectionRecord<C, W>>, ListNode<ConnectionRecord<C, W>>] | undefined;

  constructor(id: number, entry: OriginRecord<C, W>, now: number) {
    this.id = id;
    this.originRecord = entry;
    this.openedAt = now;
    this.idleSince = now;
    this.originNode = listNode(this);
    this.originIdleNode = listNode(this);
    this.idleNode = listNode(this);
  }

  get learnedIdleMs(): number {
    return this.originRecord.learnedIdleMs;
  }

  /** Its places among those of its origin that linger, and among all. Most connections never do. */
  get lingerNodes(): readonly [ListNode<ConnectionRecord<C, W>>, ListNode<ConnectionRecord<C, W>>] {
    this.#lingerNodes ??= [listNode(this), listNode(this)];
    return this.#lingerNodes;
  }

  get workedIdleMs(): number {
    return this.originRecord.workedIdleMs;
  }

  move(step: Step): void {
    this.state = nextState(this.state, step);
  }
}

/** A request that waits for a connection. */
export class Waiter<C, W> {
  readonly attachment: W;
  /** A non-idempotent request: it takes only connections that are proven fresh. */
  readonly unsafe: boolean;
  /** Takes only a connection that has carried no request: a second attempt. */
  readonly fresh: boolean;
  askedAt = 0;
  /** Nobody wants the answer any more. */
  abandoned = false;
  originRecord: OriginRecord<C, W> | undefined = undefined;
  #originNode: ListNode<Waiter<C, W>> | undefined = undefined;
  #queueNode: ListNode<Waiter<C, W>> | undefined = undefined;

  constructor(attached: W, unsafe: boolean, fresh: boolean) {
    this.attachment = attached;
    this.unsafe = unsafe;
    this.fresh = fresh;
  }

  /** Its place in the queue of its origin. Most waiters are served at once and need none. */
  get originNode(): ListNode<Waiter<C, W>> {
    this.#originNode ??= listNode(this);
    return this.#originNode;
  }

  /** Its place in the queue of all. */
  get queueNode(): ListNode<Waiter<C, W>> {
    this.#queueNode ??= listNode(this);
    return this.#queueNode;
  }
}

/** What has been counted since the pool was made. */
export interface Counters {
  opened: number;
  requests: number;
  reused: number;
  retries: number;
  failures: number;
  readonly retired: Partial<Record<RetireReason, number>>;
}

/** Counters at zero. */
export function zeroCounters(): Counters {
  return { opened: 0, requests: 0, reused: 0, retries: 0, failures: 0, retired: {} };
}

/** Adds `counters` to `sum`. */
export function addCounters(sum: Counters, counters: Counters): void {
  sum.opened += counters.opened;
  sum.requests += counters.requests;
  sum.reused += counters.reused;
  sum.retries += counters.retries;
  sum.failures += counters.failures;
  for (const reason of RETIRE_REASONS) {
    const count = counters.retired[reason];
    if (count !== undefined) sum.retired[reason] = (sum.retired[reason] ?? 0) + count;
  }
}

/** One origin: its connections and its queue. */
export class OriginRecord<C, W> implements IdleConnections<ConnectionRecord<C, W>> {
  readonly origin: Origin;
  /** All that are not closed. */
  readonly connections: List<ConnectionRecord<C, W>> = new List();
  connecting = 0;
  active = 0;
  /** By the time they became idle. */
  readonly idle: List<ConnectionRecord<C, W>> = new List();
  /** Active ones whose exchange lingers: nobody's, as far as room is concerned. */
  readonly lingering: List<ConnectionRecord<C, W>> = new List();
  readonly waiters: List<Waiter<C, W>> = new List();
  /** What was seen of the server's idle limit, and what follows from it until `reviewAt`. */
  memory: LimitMemory = NOTHING_LEARNED;
  learnedIdleMs: number = Infinity;
  workedIdleMs = 0;
  reviewAt: number = Infinity;
  /** The shortest round trip known of any connection, in ms. */
  roundTripMs: number = Infinity;
  readonly counters: Counters = zeroCounters();
  /** Place among the origins that wait at the total limit. */
  readonly blockedNode: ListNode<OriginRecord<C, W>>;
  /** Place among the origins that nobody uses at the moment. */
  readonly unusedNode: ListNode<OriginRecord<C, W>>;

  constructor(origin: Origin) {
    this.origin = origin;
    this.blockedNode = listNode(this);
    this.unusedNode = listNode(this);
  }

  get freshest(): ConnectionRecord<C, W> | undefined {
    return this.idle.last;
  }

  get stalest(): ConnectionRecord<C, W> | undefined {
    return this.idle.first;
  }

  get oldest(): ConnectionRecord<C, W> | undefined {
    return this.connections.find((connection) => connection.originIdleNode.listed);
  }

  get freshestUsed(): ConnectionRecord<C, W> | undefined {
    return this.idle.findLast((connection) => connection.requests > 0);
  }
}
