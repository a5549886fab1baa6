/** Core driver: steps a core by words, answers with its effects as words, and audits it after every step. */

import { assert, assertEquals } from "@std/assert";
import type { LimitMemory } from "../../src/contract/limit-store.ts";
import { type Origin, originOf } from "../../src/contract/origin.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import type { WireProtocol } from "../../src/contract/wire-protocol.ts";
import { PoolCore } from "../../src/pool/core/core.ts";
import type { Effect, Input } from "../../src/pool/core/effects.ts";
import { waitersWithoutAttempt } from "../../src/pool/core/origin-table.ts";
import { type ConnectionRecord, OwnWaiter, Waiter } from "../../src/pool/core/records.ts";
import { NOTHING_LEARNED } from "../../src/rules/learned-limit.ts";
import { MAX_UNPROCESSED_RESENDS } from "../../src/rules/retry.ts";
import { type ConnectionFacts, NO_HINTS, type Rules, type ServerHints } from "../../src/rules/rules.ts";
import { checkBooks, checkGrant, type Life, type Terms } from "./books.ts";
import { rules } from "./facts.ts";
import { expectedUntil, hasCapacity, isTrusted, mayJoin, mustServe } from "./oracle.ts";

type Connection = ConnectionRecord<undefined, string>;
type Request = Waiter<undefined, string>;

/** How a request wants its connection. */
export interface Wish {
  readonly unsafe?: boolean;
  readonly fresh?: boolean;
  readonly again?: boolean;
  /** How long it waits; the pool's time by default. */
  readonly timeoutMs?: number;
  /** It wants a connection that carries no other request. */
  readonly alone?: boolean;
}

interface WaiterWish {
  readonly unsafe: boolean;
  readonly fresh: boolean;
  readonly timeoutMs: number | undefined;
  readonly alone: boolean;
}

/** What became of a request. */
export type Fate = "waiting" | "cancelled" | "granted" | "rejected";

/** Inputs after which a connect attempt is for fewer waiters than it was. */
const LEAVES_BEHIND: readonly string[] = [
  "connected",
  "capacity",
  "expect",
  "connect-failed",
  "goaway",
  "restore",
  "release",
];

const NO_LEASE: Life = { leases: 0, alive: false, trusted: false };

/** One core and a record of everything it did. Origins are letters, requests have names, connections numbers. */
export class CoreDriver {
  readonly core: PoolCore<undefined, string>;
  readonly terms: Terms;
  now = 0;
  readonly requests: Map<string, Request> = new Map();
  readonly fates: Map<string, Fate> = new Map();
  readonly connections: Map<number, Connection> = new Map();
  /** Requests by origin, in the order in which they must be served. */
  readonly #lines: Map<string, string[]> = new Map();
  /** What follows from the grants and the inputs so far. */
  readonly #lives: Map<number, Life> = new Map();
  readonly #lingering: Set<number> = new Set();
  /** The connection that this step opened or released. */
  #moving: Connection | undefined;
  #attempts = 0;
  #waiting = 0;
  #askedAgain = 0;
  /** Waiters that a connect attempt was for until it failed or its connection turned out to carry less. */
  #leftBehind = 0;

  constructor(
    changes: Partial<Rules> = {},
    acquireTimeoutMs = Infinity,
    expected?: (origin: Origin) => number,
    ofOrigins: (hostname: string) => Partial<Rules> | undefined = () => undefined,
  ) {
    const ofPool = rules(changes);
    const { maxConnections, maxIdle, evictInAll } = ofPool;
    const ofAll = { maxConnections, maxIdle, evictInAll };
    const known = new Map<string, Readonly<Rules>>();
    // They are asked for many times in each step. Frozen, because the core has the same object.
    const rulesOf = ({ hostname }: Origin): Rules => {
      const found = known.get(hostname) ?? Object.freeze({ ...ofPool, ...ofOrigins(hostname), ...ofAll });
      known.set(hostname, found);
      return found;
    };
    this.terms = { rules: ofPool, acquireTimeoutMs, rulesOf };
    this.core = new PoolCore({ ...this.terms, expected });
  }

  at(now: number): this {
    this.now = now;
    return this;
  }

  acquire(
    origin: string,
    name: string,
    { unsafe = false, fresh = false, again = false, timeoutMs, alone = false }: Wish = {},
  ): string[] {
    const waiter = this.requests.get(name) ?? this.#waiter(name, { unsafe, fresh, timeoutMs, alone });
    this.requests.set(name, waiter);
    this.fates.set(name, "waiting");
    this.#waiting += 1;
    if (again) this.#askedAgain += 1;
    const line = this.#line(origin);
    if (again) line.unshift(name);
    else line.push(name);
    const at = originOf(`http://${origin}`);
    const fullest = this.#fullest(at.key, waiter);
    const served = fullest.length > 0 || this.#idleServes(at.key, waiter);
    const isOpen = !this.core.closing;
    const words = this.step({ type: "acquire", waiter, origin: at, again });
    if (isOpen && served)
      assertEquals(this.fates.get(name), "granted", `${name} found a connection that would serve it`);
    const spreads = this.#rulesAt(at.key).spread === "all";
    if (isOpen && fullest.length > 0 && !spreads) {
      const taken = words
        .find((word) => word.startsWith(`grant ${name} `))
        ?.split(" ")
        .at(-1);
      assert(fullest.includes(Number(taken)), `${name} got ${taken}, not the fullest of ${fullest.join()}`);
    }
    return words;
  }

  #waiter(name: string, { unsafe, fresh, timeoutMs, alone }: WaiterWish): Request {
    if (timeoutMs === undefined && !alone) return new Waiter(name, unsafe, fresh);
    const own = { timeoutMs: timeoutMs ?? this.terms.acquireTimeoutMs, alone };
    return new OwnWaiter(name, { unsafe, fresh: fresh || alone }, own);
  }

  #idleServes(key: string, { fresh, unsafe }: Request): boolean {
    return !fresh && mustServe(this.#usable(key), this.#rulesAt(key), unsafe, this.now);
  }

  /** The connections with room that the request may share and that have the most leases of those. */
  #fullest(key: string, waiter: Request): number[] {
    const { now } = this;
    const rulesAt = this.#rulesAt(key);
    const shared = [...(this.core.origins.find(key)?.connections ?? [])].filter((connection) => {
      const { state, capacity, expiresAt } = connection;
      if (state !== "active" || now >= expiresAt) return false;
      const life = this.#life(connection.id);
      return hasCapacity({ ...life, capacity, facts: connection }, rulesAt) && mayJoin(life, waiter);
    });
    const most = Math.max(...shared.map(({ leases }) => leases));
    return shared.filter(({ leases }) => leases === most).map(({ id }) => id);
  }

  #rulesAt(key: string): Rules {
    return this.terms.rulesOf(originOf(key));
  }

  #life(id: number): Life {
    return this.#lives.get(id) ?? NO_LEASE;
  }

  /** Idle connections of an origin that no rule ends now. */
  #usable(key: string): Connection[] {
    const { now } = this;
    const rulesAt = this.#rulesAt(key);
    const all = [...(this.core.origins.find(key)?.connections ?? [])];
    return all.filter((one) => one.state === "idle" && now < (expectedUntil(one, rulesAt) ?? -Infinity));
  }

  cancel(name: string): string[] {
    const waiter = this.requests.get(name);
    assert(waiter);
    if (this.fates.get(name) === "waiting") this.#answered(name, "cancelled");
    return this.step({ type: "cancel", waiter });
  }

  preconnect(origin: string, count: number): string[] {
    return this.step({ type: "preconnect", origin: originOf(`http://${origin}`), count });
  }

  connected(id: number, random = 0, capacity?: number, protocol?: WireProtocol): string[] {
    const connection = this.connection(id);
    const negotiated = protocol !== undefined;
    return this.step({ type: "connected", connection, random, capacity, protocol, negotiated });
  }

  /** The peer changed how many leases a connection takes. */
  capacity(id: number, capacity: number): string[] {
    return this.step({ type: "capacity", connection: this.connection(id), capacity });
  }

  expect(origin: string, capacity: number): string[] {
    return this.step({ type: "expect", origin: originOf(`http://${origin}`), capacity });
  }

  /** A connect attempt fails: that rejects the requests it was for, as far as they have waited since it began. */
  failed(id: number): string[] {
    const connection = this.connection(id);
    const { waiters, connecting, capacity } = connection.originRecord;
    const others = connecting > 1 ? (connecting - 1) * capacity : 0;
    const left = [...waiters].slice(0, Math.min(capacity, Math.max(0, waiters.size - others)));
    const late = left.findIndex(({ askedAt }) => askedAt > connection.openedAt);
    const needed = late < 0 ? left.length : late;
    const words = this.step({ type: "connect-failed", connection, error: `error ${id}` });
    const rejected = (why: string) => words.filter((word) => word.endsWith(why)).length;
    if (rejected("acquire-timeout") === 0) assertEquals(rejected(": connect-failed") - 1, needed);
    return words;
  }

  /** The peer ends a connection before a request could be written: no request fails, as long as that is not the rule. */
  endedUnused(id: number, endedBy: RetireReason = "peer-closed"): string[] {
    const connection = this.connection(id);
    const isReplaced = connection.originRecord.endedUnused < MAX_UNPROCESSED_RESENDS;
    const words = this.step({ type: "connect-failed", connection, error: `error ${id}`, endedBy });
    assert(words.includes(`close ${id}: ${endedBy}`), words.join());
    if (isReplaced) assert(!words.some((word) => word.endsWith(": connect-failed")), words.join());
    return words;
  }

  /** `answered`: whether a response came, which teaches something of the server's idle limit. */
  release(id: number, reason?: RetireReason, hints: ServerHints = NO_HINTS, answered?: boolean): string[] {
    return this.step({ type: "release", connection: this.connection(id), hints, reason, answered });
  }

  linger(id: number): string[] {
    if (this.#life(id).leases === 1) this.#lingering.add(id);
    return this.step({ type: "linger", connection: this.connection(id) });
  }

  lost(id: number, reason: RetireReason = "peer-closed"): string[] {
    return this.step({ type: "lost", connection: this.connection(id), reason });
  }

  /** The peer takes no further request on a connection. `taken`: how many it has taken, if it says so. */
  goaway(id: number, taken?: number): string[] {
    return this.step({ type: "goaway", connection: this.connection(id), taken });
  }

  calm(id: number): string[] {
    return this.step({ type: "calm", connection: this.connection(id) });
  }

  /** What another pool knows of an origin. */
  restore(origin: string, memory: Partial<LimitMemory>): string[] {
    const all = { ...NOTHING_LEARNED, ...memory };
    return this.step({ type: "restore", origin: originOf(`http://${origin}`), memory: all });
  }

  drain(origin?: string, reason: RetireReason = "origin-drained"): string[] {
    return this.step({ type: "drain", origin: origin && originOf(`http://${origin}`).key, reason });
  }

  tick(): string[] {
    return this.step({ type: "tick" });
  }

  slept(): string[] {
    return this.step({ type: "slept" });
  }

  close(): string[] {
    return this.step({ type: "close" });
  }

  /** A connection of `origin` that is open and active, for `name`. Its number. */
  open(origin: string, name: string): number {
    const [connect = ""] = this.acquire(origin, name);
    const id = Number(connect.split(" ")[1]);
    this.connected(id);
    return id;
  }

  /** A connection of `origin` that carried one request and is idle. */
  park(origin: string, hints?: ServerHints): number {
    const id = this.open(origin, `used ${this.#attempts + 1}`);
    this.release(id, undefined, hints);
    return id;
  }

  connection(id: number): Connection {
    const connection = this.connections.get(id);
    assert(connection, `there is no connection ${id}`);
    return connection;
  }

  /**
   * Forgets the requests that were answered, except `kept`, so that a long run needs no more memory. A second answer is
   * still noticed.
   */
  forgetAnswered(kept: ReadonlySet<string>): void {
    for (const [name, fate] of this.fates) if (fate !== "waiting" && !kept.has(name)) this.#forget(name);
  }

  #forget(name: string): void {
    this.fates.delete(name);
    this.requests.delete(name);
  }

  step(input: Input<undefined, string>): string[] {
    const moves = input.type === "connected" || input.type === "release";
    this.#moving = moves ? input.connection : undefined;
    if (input.type === "release") this.#released(input.connection, input.answered);
    if (input.type === "capacity") this.#capacityChanges(input.connection);
    const { waitersWithoutAttempt } = this.core.origins;
    const effects = this.core.step(input, this.now);
    if (LEAVES_BEHIND.includes(input.type))
      this.#leftBehind += Math.max(0, this.core.origins.waitersWithoutAttempt - waitersWithoutAttempt);
    const words = effects.map((effect) => this.#note(effect));
    for (const effect of effects) if (effect.type === "connect") this.#checkNeed(effect.connection, input);
    checkBooks(this.core, this.terms, (id) => this.#life(id), this.now);
    this.#checkCounters();
    return words;
  }

  #note(effect: Effect<undefined, string>): string {
    switch (effect.type) {
      case "connect":
        return this.#connect(effect.connection);
      case "grant":
        return this.#grant(effect);
      case "queue":
        return `queue ${effect.waiter.attachment} (${effect.queued})`;
      case "reject":
        this.#answered(effect.waiter.attachment, "rejected");
        if (effect.why === "queue-full") this.#checkFull(effect.origin);
        return `reject ${effect.waiter.attachment}: ${effect.why}`;
      case "park":
        return `park ${effect.connection.id}`;
      case "learned":
        return learnedOf(effect);
      case "calmed":
        return `calmed ${effect.connection.id}`;
      case "close":
        assertEquals(effect.connection.state, "closed");
        this.#closed(effect.connection);
        assert(this.connections.delete(effect.connection.id), "a connection was closed twice");
        return `close ${effect.connection.id}: ${effect.reason}`;
    }
  }

  /** A connection is opened for waiters, in advance as asked, or to succeed one that requests follow one another on. */
  #checkNeed({ originRecord, state }: Connection, { type }: Input<undefined, string>): void {
    const { connections, waiters, connecting, capacity } = originRecord;
    const others = connecting > 1 ? (connecting - 1) * capacity : 0;
    if (type === "preconnect" || state !== "connecting" || waiters.size > others) return;
    if (this.#isForWarmth(originRecord)) return;
    const old = [...connections].filter(({ succeeded, requests }) => succeeded && requests > 1);
    assert(old.length > 0, "a connection was opened that nobody needs");
  }

  /** Whether an origin has no more connections ready than its rules want, but those that are about to be replaced. */
  #isForWarmth({ origin, idle, room, connecting }: Connection["originRecord"]): boolean {
    const { minIdle } = this.terms.rulesOf(origin);
    const ending = [...idle].filter(({ retireAt, idleSince }) => {
      const leftMs = retireAt - this.now;
      return leftMs <= (retireAt - idleSince) / 2;
    });
    return minIdle > 0 && idle.size - ending.length + room.size + connecting - 1 <= minIdle + connecting;
  }

  #checkFull(key: string): void {
    const { origins } = this.core;
    const own = origins.find(key);
    assert(own);
    const inAll = origins.waitersWithoutAttempt >= this.terms.rules.maxQueue;
    assert(inAll || waitersWithoutAttempt(own) >= this.#rulesAt(key).maxQueue, "a queue was called full");
  }

  #connect(connection: Connection): string {
    this.#attempts += 1;
    this.connections.set(connection.id, connection);
    assertEquals(this.core.closing, false, "a closed pool opens nothing");
    return `connect ${connection.id} ${connection.originRecord.origin.hostname}`;
  }

  #grant({
    waiter,
    connection,
    requestNumber,
    idleMs,
  }: Effect<undefined, string> & { type: "grant" }): string {
    const { id, state, originRecord, capacity } = connection;
    assertEquals(state, waiter.alone ? "draining" : "active");
    const facts = factsBefore(connection, requestNumber);
    const handedOver = connection === this.#moving;
    const life = this.#life(connection.id);
    checkGrant(
      { facts, waiter, handedOver, life, capacity },
      this.terms.rulesOf(originRecord.origin),
      this.now,
    );
    assertEquals(idleMs, life.leases > 0 ? 0 : this.now - connection.idleSince, "idle time of a grant");
    const line = this.#line(originRecord.origin.hostname);
    const ahead = line.slice(0, line.indexOf(waiter.attachment));
    const overtaken = ahead.filter((name) => this.#couldHave(name, facts.requests, handedOver, life));
    assertEquals(overtaken, [], `${waiter.attachment} overtook others of its origin`);
    this.#answered(waiter.attachment, "granted");
    this.#leased(connection, facts, handedOver, life);
    return `grant ${waiter.attachment} ${id}`;
  }

  /** Whether a waiting request would have taken the connection that another one got. */
  #couldHave(name: string, requests: number, handedOver: boolean, life: Life): boolean {
    const { fresh = false, unsafe = false, alone = false } = this.requests.get(name) ?? {};
    if (life.leases > 0) return mayJoin(life, { fresh, unsafe, alone });
    if (fresh) return requests === 0 && handedOver;
    return !unsafe || handedOver;
  }

  #leased(connection: Connection, facts: ConnectionFacts, handedOver: boolean, before: Life): void {
    const { leases } = before;
    this.#lingering.delete(connection.id);
    if (leases > 0) return void this.#lives.set(connection.id, { ...before, leases: leases + 1 });
    const alive = facts.requests === 0 && (handedOver || facts.idleSince === this.now);
    const trusted =
      connection.capacity > 1 &&
      isTrusted(facts, this.terms.rulesOf(connection.originRecord.origin), this.now);
    this.#lives.set(connection.id, { leases: 1, alive, trusted });
  }

  #released(connection: Connection, answered: boolean | undefined): void {
    const { leases, alive, trusted } = this.#life(connection.id);
    if (leases <= 1) this.#lingering.delete(connection.id);
    if (leases <= 1) return void this.#lives.delete(connection.id);
    this.#lives.set(connection.id, { leases: leases - 1, alive: alive || answered === true, trusted });
  }

  /** While a connection took one lease nothing was noted of it that others could rely on. */
  #capacityChanges({ id, capacity }: Connection): void {
    const life = this.#lives.get(id);
    if (life !== undefined && capacity === 1) this.#lives.set(id, { ...life, alive: false, trusted: false });
  }

  /** Only what lingers may close while it has a lease. */
  #closed({ id }: Connection): void {
    assert(
      this.#life(id).leases === 0 || this.#lingering.delete(id),
      "a connection closed under an exchange",
    );
    this.#lives.delete(id);
  }

  #line(origin: string): string[] {
    let line = this.#lines.get(origin);
    if (line === undefined) {
      line = [];
      this.#lines.set(origin, line);
    }
    return line;
  }

  #answered(name: string, fate: Fate): void {
    assertEquals(this.fates.get(name), "waiting", `${name} had its answer already`);
    this.fates.set(name, fate);
    this.#waiting -= 1;
    for (const line of this.#lines.values()) {
      const at = line.indexOf(name);
      if (at >= 0) line.splice(at, 1);
    }
  }

  /** Every connection is open or was retired for one reason. */
  #checkCounters(): void {
    const { origins } = this.core;
    const counters = [origins.forgotten, ...[...origins.records()].map((entry) => entry.counters)];
    const retired = counters.flatMap((each) => Object.values(each.retired)).reduce((a, b) => a + b, 0);
    assertEquals(this.#attempts, origins.open + retired, "every connect attempt is open or retired");
    assertEquals(this.connections.size, origins.open);
    assertEquals(this.#waiting, origins.waiting, "the queue holds the waiters");
    const excess = origins.waitersWithoutAttempt - this.terms.rules.maxQueue;
    assert(
      excess <= this.#askedAgain + this.#leftBehind,
      "maxQueue, beyond which only requests may wait that ask again or lost their connect attempt",
    );
  }
}

function learnedOf(effect: Effect<undefined, string> & { type: "learned" }): string {
  const { originRecord, idleMs, requests } = effect;
  const { protocol } = originRecord.memory;
  const told = [requests === Infinity ? undefined : `${requests} requests`, protocol];
  return ["learned", originRecord.origin.hostname, idleMs, ...told.filter((part) => part !== undefined)].join(
    " ",
  );
}

/** The facts of a connection that was just leased, as they were before. Spread would lose its getters. */
function factsBefore(connection: Connection, requestNumber: number): ConnectionFacts {
  const { openedAt, expiresAt, idleSince, hints, roundTripMs } = connection;
  const { learnedIdleMs, workedIdleMs, learnedRequests } = connection;
  const before = { openedAt, expiresAt, idleSince, requests: requestNumber - 1, hints, roundTripMs };
  return { ...before, learnedIdleMs, workedIdleMs, learnedRequests };
}
