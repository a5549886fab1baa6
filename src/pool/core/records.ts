/**
 * Records: what the core remembers of a connection, of an origin and of a waiter. They are data only. Everything that
 * a decision needs to know of a connection is in its record, and nowhere else. `C` and `W` are the types of what the
 * shell attaches to a connection and to a waiter; the core never reads it.
 *
 * Who changes a connection's record:
 *
 * | fields | change | written by |
 * |---|---|---|
 * | `state`, `furtherLeases`, `requests` | with each step of the table in `state.ts` and with each lease | `OriginTable` |
 * | `capacity` | when it is open, and when the peer changes its limit | `PoolCore`, `Sharing` |
 * | `openedAt`, `expiresAt` | once, when it is open | `PoolCore` |
 * | `protocol` | the same | `RequestLimitLearner` |
 * | `idleSince` | when it is open, and with the end of the last lease | `PoolCore` |
 * | `leasedIdleMs` | with the first lease | `PoolCore` |
 * | `hints` | with the end of each lease | `PoolCore` |
 * | `proof` | with the first lease, and by a response while other leases go on, and by an outage; not while the capacity is 1 | `Sharing` |
 * | `teaches` | with the first lease, and by the response or failure that is learned from | `OriginTable`, `IdleLimitLearner` |
 * | `roundTripMs` | when it is open; a faster response lowers it | `PoolCore`, the shell |
 * | `retireAt` | when it is parked, leased or retired; while parked, by a new learned limit | `OriginTable`, `IdleLimitLearner` |
 * | `retireReason` | when it is retired while active | `Retirement` |
 * | `succeeded` | when the connection that will follow it is opened | `Succession` |
 * | `saidGoaway` | when the peer says so | `PoolCore` |
 * | `lingers` | when its only exchange lingers, until that ends or another lease begins | `OriginTable` |
 * | `heapEntry` | with `retireAt` | `Deadlines` |
 * | the list nodes | with the lists they are in | `OriginTable` |
 * | `attachment` | when a connect attempt begins | the shell |
 *
 * Who changes an origin's record:
 *
 * | fields | change | written by |
 * |---|---|---|
 * | `connections`, `connecting`, `active`, `furtherLeases`, `leaving`, `idle`, `room`, `lingering`, `waiters` | with the connections and waiters in them | `OriginTable` |
 * | `capacity` | when a connection is open or the peer changes its limit; before that, by what the shell expects | `OriginTable` |
 * | `memory` | when something is learned | `IdleLimitLearner`, `RequestLimitLearner` |
 * | `learnedIdleMs`, `workedIdleMs`, `aliveMs`, `silentMs`, `reviewAt` | the same | `IdleLimitLearner` |
 * | `learnedRequests` | the same, and when a connection is open | `RequestLimitLearner` |
 * | `roundTripMs` | when a connection is open | `PoolCore` |
 * | `protocol` | the same | `RequestLimitLearner` |
 * | `calmed` | when the peer asks for calm | `PoolCore` |
 * | `endedUnused` | when the peer ends a connection before a request could be written; when one is open, and when waiters fail | `PoolCore` |
 * | `firstByte`, `doubtBudget` | with each response | the shell, the exchange |
 * | `answerMs` | with a response that is the fastest of its connection | the shell |
 * | `warm` | with each request, and with connections that end unused | `PoolCore`, `Retirement`, `Warmth` |
 * | `probe`, `patientProbe` | when the next one begins | `Opening` |
 * | `reach` | with each response, and with the end of each connect attempt | the shell |
 * | `counters` | `opened`, `retired`: the core; `requests`, `reused`: the shell; `retries`, `failures`: the exchange | |
 */

import type { LimitMemory } from "../../contract/limit-store.ts";
import type { Origin } from "../../contract/origin.ts";
import { RETIRE_REASONS, type RetireReason } from "../../contract/reasons.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";
import { type DoubtBudget, fullBudget } from "../../rules/doubt.ts";
import { type FirstByteTimes, noFirstByteTimes } from "../../rules/first-byte.ts";
import type { IdleConnections } from "../../rules/idle-choice.ts";
import { NOTHING_LEARNED } from "../../rules/learned-limit.ts";
import { neverReached, type Reach } from "../../rules/outage.ts";
import { type ConnectionFacts, NO_HINTS, type Rules, type ServerHints } from "../../rules/rules.ts";
import type { Proof } from "../../rules/share-choice.ts";
import type { WarmFacts } from "../../rules/warm.ts";
import type { Expiring, HeapEntry } from "./deadlines.ts";
import { List, type ListNode, listNode } from "./list.ts";
import { nextState, type State, type Step } from "./state.ts";

/** One connection and its history. */
export class ConnectionRecord<C, W> implements ConnectionFacts {
  state: State = "connecting";
  /** Leases that it has now besides the first. A connection of capacity 1 never has any, and its count costs nothing. */
  furtherLeases = 0;
  /** Leases it may have at a time: 1 for HTTP/1.1, the peer's limit of streams for HTTP/2. */
  capacity = 1;
  /** What it speaks; `undefined` before it is open. */
  protocol: WireProtocol | undefined = undefined;
  /** When the connect attempt began; once it is open, when that was. */
  openedAt: number;
  expiresAt: number = Infinity;
  /** When its last lease ended; when it was opened, if there was none. */
  idleSince: number;
  /** Leases it has had. */
  requests = 0;
  /** How long it had been idle before the first of its present leases. */
  leasedIdleMs = 0;
  /** Which requests may share it. It counts only while it is active and its capacity is above 1. */
  proof: Proof = "none";
  /**
   * It had been used and then idle before its first lease, and neither a response nor a failure has come since: the
   * next one says something about the server's idle limit.
   */
  teaches = false;
  hints: ServerHints = NO_HINTS;
  roundTripMs = 0;
  /** When a rule retires it; `Infinity` unless it is idle. */
  retireAt: number = Infinity;
  /** It has one lease, whose exchange goes on for the sake of the connection alone. */
  lingers = false;
  /** Kept by {@linkcode Deadlines}. */
  heapEntry: HeapEntry | undefined = undefined;
  /** Why it was retired while active. */
  retireReason: RetireReason | undefined = undefined;
  /** The connection that will follow it was opened before it takes no more. */
  succeeded = false;
  /** The peer said GOAWAY. */
  saidGoaway = false;
  attachment: C | undefined = undefined;
  readonly id: number;
  readonly originRecord: OriginRecord<C, W>;
  /** Its place among the connections of its origin. */
  readonly originNode: ListNode<ConnectionRecord<C, W>>;
  /** Its place among the idle ones of its origin. */
  readonly originIdleNode: ListNode<ConnectionRecord<C, W>>;
  /** Its place among the idle ones of all origins. */
  readonly idleNode: ListNode<ConnectionRecord<C, W>>;
  /** Its place among the active ones of its origin that have room. One of capacity 1 never has any. */
  roomNode: ListNode<ConnectionRecord<C, W>> | undefined = undefined;
  #lingerNodes: readonly [ListNode<ConnectionRecord<C, W>>, ListNode<ConnectionRecord<C, W>>] | undefined;

  constructor(id: number, originRecord: OriginRecord<C, W>, now: number) {
    this.id = id;
    this.originRecord = originRecord;
    this.openedAt = now;
    this.idleSince = now;
    this.originNode = listNode(this);
    this.originIdleNode = listNode(this);
    this.idleNode = listNode(this);
  }

  /** Leases that it has now. */
  get leases(): number {
    return this.state === "active" || this.state === "draining" ? 1 + this.furtherLeases : 0;
  }

  get learnedIdleMs(): number {
    return this.originRecord.learnedIdleMs;
  }

  /** Its places among those of its origin that linger, and among all. Most connections never do. */
  get lingerNodes(): readonly [ListNode<ConnectionRecord<C, W>>, ListNode<ConnectionRecord<C, W>>] {
    this.#lingerNodes ??= [listNode(this), listNode(this)];
    return this.#lingerNodes;
  }

  /** The limits of its origin. */
  get rules(): Rules {
    return this.originRecord.rules;
  }

  get workedIdleMs(): number {
    return this.originRecord.workedIdleMs;
  }

  get silentIdleMs(): number {
    return this.originRecord.silentMs;
  }

  get learnedRequests(): number {
    return this.originRecord.learnedRequests;
  }

  move(step: Step): void {
    this.state = nextState(this.state, step);
  }
}

/** A request that asks for a connection, and waits if there is none, for as long as the pool's `acquireTimeout`. */
export class Waiter<C, W> {
  readonly attachment: W;
  /** A non-idempotent request: an idle connection must be proven fresh. */
  readonly unsafe: boolean;
  /** A resend: it takes no connection that may be stale. */
  readonly fresh: boolean;
  /** When it asked first. */
  askedAt = 0;
  /** Its number among all that were queued: a clock may count whole milliseconds, in which many ask. */
  arrival = 0;
  /** The request was cancelled. */
  abandoned = false;
  /** Set while it is in the queue. */
  originRecord: OriginRecord<C, W> | undefined = undefined;
  #originNode: ListNode<Waiter<C, W>> | undefined = undefined;
  #queueNode: ListNode<Waiter<C, W>> | undefined = undefined;

  constructor(attachment: W, unsafe: boolean, fresh: boolean) {
    this.attachment = attachment;
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

  // What few waiters have is a field of the class below alone, so that the others cost what they did.

  /** How long it waits; `undefined` for the pool's `acquireTimeout`. */
  get timeoutMs(): number | undefined {
    return undefined;
  }

  /** It wants a connection that carries no other request. */
  get alone(): boolean {
    return false;
  }
}

/** A waiter with wishes of its own. The time limits of those in one pool end in any order, so they are in a heap. */
export class OwnWaiter<C, W> extends Waiter<C, W> implements Expiring {
  retireAt: number = Infinity;
  heapEntry: HeapEntry | undefined = undefined;
  readonly #timeoutMs: number;
  readonly #alone: boolean;

  /** One that wants to be alone is `fresh`, too. */
  constructor(
    attachment: W,
    { unsafe, fresh }: { readonly unsafe: boolean; readonly fresh: boolean },
    own: { readonly timeoutMs: number; readonly alone: boolean },
  ) {
    super(attachment, unsafe, fresh);
    this.#timeoutMs = own.timeoutMs;
    this.#alone = own.alone;
  }

  override get timeoutMs(): number {
    return this.#timeoutMs;
  }

  override get alone(): boolean {
    return this.#alone;
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
  /** Connections that have a lease, draining ones included. */
  active = 0;
  /** Leases of its connections besides the first of each. */
  furtherLeases = 0;
  /** Draining connections that took several leases. */
  leaving = 0;
  /** Leases that a connection which is being opened is expected to carry at a time. */
  capacity: number;
  /** By the time they became idle. */
  readonly idle: List<ConnectionRecord<C, W>> = new List();
  /** Active ones that may have another lease, those with the most leases first. */
  readonly room: List<ConnectionRecord<C, W>> = new List();
  /** Active ones that linger: they may be closed to make room. */
  readonly lingering: List<ConnectionRecord<C, W>> = new List();
  readonly waiters: List<Waiter<C, W>> = new List();
  /** What was seen of the server's idle limit, and what follows from it until `reviewAt`. */
  memory: LimitMemory = NOTHING_LEARNED;
  learnedIdleMs: number = Infinity;
  workedIdleMs = 0;
  /** The idle age at which reuse recently worked. */
  aliveMs = 0;
  /** A margin below the idle age at which a connection was silent. */
  silentMs: number = Infinity;
  /** How many requests had been made when a connection was last found silent. */
  requestsWhenSilent = 0;
  reviewAt: number = Infinity;
  /** After how many requests the server ends a connection by GOAWAY. */
  learnedRequests: number = Infinity;
  /** What its latest connection speaks. */
  protocol: WireProtocol | undefined = undefined;
  /** How often the peer asked for calm (HTTP/2). */
  calmed = 0;
  /** Connections in a row that the peer ended before a request could be written. */
  endedUnused = 0;
  /** The shortest round trip known of any connection, in ms. */
  roundTripMs: number = Infinity;
  /** The shortest time to a first byte, in ms. A connect attempt may have been slow because the program was starting. */
  answerMs: number = Infinity;
  readonly firstByte: FirstByteTimes = noFirstByteTimes();
  readonly doubtBudget: DoubtBudget = fullBudget();
  readonly reach: Reach = neverReached();
  /** The connect attempt that was made last to see whether the origin can be reached. */
  probe: ConnectionRecord<C, W> | undefined = undefined;
  /** An older one, which has the time that attempts are known to take. */
  patientProbe: ConnectionRecord<C, W> | undefined = undefined;
  readonly counters: Counters = zeroCounters();
  /** Only if its rules want connections that are ready. */
  readonly warm: WarmFacts | undefined;
  /** Its limits. Those on all connections of the pool are the same for every origin. */
  readonly rules: Rules;
  /** Its place among the origins that wait at the total limit. */
  readonly blockedNode: ListNode<OriginRecord<C, W>>;
  /** Its place among the origins without connections and waiters. */
  readonly unusedNode: ListNode<OriginRecord<C, W>>;

  constructor(origin: Origin, capacity: number, rules: Rules) {
    this.origin = origin;
    this.rules = rules;
    this.warm =
      rules.minIdle > 0 ? { usedAt: -Infinity, failures: 0, restsUntil: -Infinity, replacing: 0 } : undefined;
    this.capacity = capacity;
    this.blockedNode = listNode(this);
    this.unusedNode = listNode(this);
  }

  /**
   * Connections that the limit per origin counts. While some end that took several leases, one of them does not count: it may
   * carry a request for hours, and its successor has its place.
   */
  get counted(): number {
    return this.connections.size - (this.leaving > 0 ? 1 : 0);
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
