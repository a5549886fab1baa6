/**
 * Books: what must be true of a core after every step. Everything is counted anew from the records and judged by the
 * oracle. Nothing here asks the code under test what is right.
 */

import { assert, assertEquals } from "@std/assert";
import type { PoolCore } from "../../src/pool/core/core.ts";
import type { OriginTable } from "../../src/pool/core/origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "../../src/pool/core/records.ts";
import type { ConnectionFacts, Rules } from "../../src/rules/rules.ts";
import {
  type Counts,
  expectedUntil,
  hasCapacity,
  hasRoom,
  isTrusted,
  mayJoin,
  mustServe,
  type Shared,
} from "./oracle.ts";

/** An active connection as the driver knows it, from what it was granted and what it was told. */
export type Life = Pick<Shared, "leases" | "alive" | "trusted">;

type Core = Pick<PoolCore<unknown, unknown>, "origins" | "closing" | "wakeAt">;
type Table = OriginTable<unknown, unknown>;
type Origin = OriginRecord<unknown, unknown>;
type Connection = ConnectionRecord<unknown, unknown>;

/** What the core was built with. */
export interface Terms {
  readonly rules: Rules;
  readonly acquireTimeoutMs: number;
  /** The rules of an origin, whose limits in all are those of the others. */
  readonly rulesOf: (origin: OriginOf) => Rules;
}

type OriginOf = Origin["origin"];

/** What the driver knows of every connection. */
export type Lives = (id: number) => Life;

/** Fails when anything about the core is not as it must be after a step at `now`. */
export function checkBooks(core: Core, terms: Terms, lives: Lives, now: number): void {
  const { origins } = core;
  const records = [...origins.records()];
  for (const origin of records) checkOrigin(origin, terms.rulesOf(origin.origin));
  checkTotals(origins, records);
  checkLimits(origins, records, terms);
  checkRules(origins, terms, now);
  checkWaiters(core, records, terms, now);
  for (const origin of records) checkSharing(origin, terms.rulesOf(origin.origin), lives, now);
  for (const origin of records) checkWarm(core, origin, terms, now);
  checkWakeAt(core, terms, now);
  checkMemory(origins);
}

function inState(origin: Origin, ...states: Connection["state"][]): Connection[] {
  return [...origin.connections].filter(({ state }) => states.includes(state));
}

function checkOrigin(origin: Origin, rules: Rules): void {
  assertEquals(inState(origin, "closed"), [], "a closed connection is forgotten");
  assertEquals(origin.connecting, inState(origin, "connecting").length, "connecting of an origin");
  assertEquals(origin.active, inState(origin, "active", "draining").length, "active of an origin");
  for (const { leases } of origin.lingering)
    assertEquals(leases, 1, "only a connection with one lease lingers");
  const idle = [...origin.idle];
  assertEquals(idle.length, inState(origin, "idle").length, "idle of an origin");
  assert(inOrder(idle.map(({ idleSince }) => idleSince)), "idle by the time they became idle");
  const leases = inState(origin, "active", "draining").reduce((sum, each) => sum + each.leases, 0);
  assertEquals(origin.active + origin.furtherLeases, leases, "leases of an origin");
  const blocked = waitersWithoutAttempt(origin) > 0 && countedOf(origin) < rules.maxConnectionsPerOrigin;
  assertEquals(origin.blockedNode.listed, blocked, "blocked while only the total limit is to blame");
}

/** Connections that the limit of an origin counts: one that ends and took several leases has left its place already. */
function countedOf(origin: Origin): number {
  const leaves = inState(origin, "draining").some(isShareable);
  return origin.connections.size - (leaves ? 1 : 0);
}

function isShareable({ capacity, succeeded }: Connection): boolean {
  return capacity > 1 || succeeded;
}

/** Leases are what was granted and not released; those with room are listed, and nobody waits for them. */
function checkSharing(origin: Origin, rules: Rules, lives: Lives, now: number): void {
  const room = [...origin.room];
  assert(inOrder(room.map(({ leases }) => -leases)), "the fullest connection with room comes first");
  assertEquals(new Set(room).size, room.length, "a connection with room is listed once");
  for (const connection of origin.connections) {
    const life = lives(connection.id);
    assertEquals(connection.leases, life.leases, "leases");
    const isLeased = connection.state === "active" || connection.state === "draining";
    assertEquals(isLeased, life.leases > 0, "a connection is active while it has a lease");
    const shared: Shared = { ...life, capacity: connection.capacity, facts: connection };
    const takesMore = connection.state === "active" && hasCapacity(shared, rules);
    const isInTime = now < connection.expiresAt;
    const isListed = room.includes(connection);
    assert(takesMore || !isListed, "a connection without room is listed among those with room");
    assert(isListed || !takesMore || !isInTime, "a connection with room is not listed");
    for (const waiter of origin.waiters) {
      const served = takesMore && isInTime && mayJoin(shared, waiter);
      assert(!served, "a waiter and a connection with room that it may share");
    }
  }
}

function waitersWithoutAttempt({ waiters, connecting, capacity }: Origin): number {
  let left = waiters.size;
  for (let attempt = 0; attempt < connecting; attempt++) left -= Math.min(left, capacity);
  return left;
}

function checkTotals(origins: Table, records: readonly Origin[]): void {
  const sum = (count: (origin: Origin) => number) =>
    records.reduce((total, origin) => total + count(origin), 0);
  assertEquals(
    origins.open,
    sum(({ connections }) => connections.size),
    "open",
  );
  assertEquals(
    origins.connecting,
    sum(({ connecting }) => connecting),
    "connecting",
  );
  assertEquals(
    origins.active,
    sum(({ active }) => active),
    "active",
  );
  assertEquals(
    origins.draining,
    sum((origin) => inState(origin, "draining").length),
    "draining",
  );
  assertEquals(
    origins.idle.size,
    sum(({ idle }) => idle.size),
    "idle",
  );
  assertEquals(
    origins.waiting,
    sum(({ waiters }) => waiters.size),
    "queued",
  );
  assertEquals(
    origins.waitersWithoutAttempt,
    sum(waitersWithoutAttempt),
    "waiters without a connect attempt",
  );
  assertEquals(
    origins.blocked.size,
    sum(({ blockedNode }) => (blockedNode.listed ? 1 : 0)),
    "blocked",
  );
  assertEquals(
    origins.open,
    origins.connecting + origins.active + origins.idle.size,
    "open is the sum of the states",
  );
  assert(inOrder([...origins.idle].map(({ idleSince }) => idleSince)), "the stalest comes first");
  assert(
    inOrder([...origins.queue].map(({ askedAt }) => askedAt)),
    "the waiter that asked first comes first",
  );
}

function inOrder(times: readonly number[]): boolean {
  return times.every((time, at) => at === 0 || time >= (times[at - 1] ?? time));
}

function checkLimits(origins: Table, records: readonly Origin[], terms: Terms): void {
  assert(origins.open <= terms.rules.maxConnections, "maxConnections");
  assert(origins.idle.size <= terms.rules.maxIdle, "maxIdle");
  for (const origin of records) {
    const rules = terms.rulesOf(origin.origin);
    const inPlace = inState(origin, "active").some(({ succeeded }) => succeeded);
    const successor = inPlace || inState(origin, "draining").some(isShareable) ? 1 : 0;
    const open = origin.connections.size;
    assert(open <= rules.maxConnectionsPerOrigin + successor, "maxConnectionsPerOrigin, and one successor");
    assert(origin.idle.size <= rules.maxIdlePerOrigin, "maxIdlePerOrigin");
  }
}

/** Every idle connection may be used, until the time that the rules say. */
function checkRules(origins: Table, { rulesOf }: Terms, now: number): void {
  for (const connection of origins.idle) {
    const until = expectedUntil(connection, rulesOf(connection.originRecord.origin)) ?? -Infinity;
    assertEquals(connection.retireAt, until, "an idle connection is kept for as long as the rules say");
    assert(now < until, `a connection is idle at ${now}, though its time was over at ${until}`);
  }
}

/** No request waits for a connection that it could have. */
function checkWaiters(core: Core, records: readonly Origin[], { rulesOf }: Terms, now: number): void {
  const { origins } = core;
  if (core.closing) assertEquals(origins.waiting, 0, "a closed pool has no waiters");
  const all = { ...sumOf(records.map(countsOf)), open: origins.open };
  for (const origin of records) {
    const rules = rulesOf(origin.origin);
    if (waitersWithoutAttempt(origin) > 0) assert(!hasRoom(countsOf(origin), all, rules), "there is room");
    const idle = inState(origin, "idle");
    for (const { fresh, unsafe } of origin.waiters) {
      // For an unsafe one a connection is on its way; it need not be the first to learn of a better one.
      if (unsafe && waitersWithoutAttempt(origin) === 0) continue;
      const served = !fresh && mustServe(idle, rules, unsafe, now);
      assert(!served, "a waiter and an idle connection that would serve it");
    }
  }
}

function countsOf(origin: Origin): Counts {
  return {
    open: countedOf(origin),
    evictable: inState(origin, "idle").length + [...origin.lingering].length,
  };
}

function sumOf(all: readonly Counts[]): Counts {
  return all.reduce(
    (sum, { open, evictable }) => ({ open: sum.open + open, evictable: sum.evictable + evictable }),
    NONE,
  );
}

const NONE: Counts = { open: 0, evictable: 0 };

/** While requests run or wait, an origin has as many connections ready as its rules want, if there is a place for them. */
function checkWarm(core: Core, origin: Origin, { rules, rulesOf }: Terms, now: number): void {
  const { minIdle, maxConnectionsPerOrigin } = rulesOf(origin.origin);
  const { origins } = core;
  const isUsed = origin.active > 0 || origin.waiters.size > 0;
  const rests = now < (origin.warm?.restsUntil ?? -Infinity);
  if (minIdle === 0 || core.closing || !isUsed || rests || origins.blocked.size > 0) return;
  // A place that came free elsewhere is noticed within a second.
  const hasPlace = countedOf(origin) < maxConnectionsPerOrigin && origins.open < rules.maxConnections;
  const ready = origin.idle.size + origin.room.size + origin.connecting;
  const looksAgain = core.wakeAt() <= now + 1000;
  const mayIdle = origins.idle.size + origins.connecting < rules.maxIdle;
  if (hasPlace && mayIdle)
    assert(ready >= minIdle || looksAgain, `${ready} connections are ready, and ${minIdle} shall be`);
}

function checkWakeAt(core: Core, { acquireTimeoutMs }: Terms, now: number): void {
  const { idle } = core.origins;
  const waiters = [...core.origins.records()].flatMap((origin) => [...origin.waiters]);
  const wakeAt = core.wakeAt();
  assert(wakeAt > now, `waking at ${wakeAt} makes no progress from ${now}`);
  for (const { retireAt } of idle) assert(wakeAt <= retireAt, "sleeps past the end of an idle connection");
  for (const { askedAt, timeoutMs = acquireTimeoutMs } of waiters) {
    assert(wakeAt <= askedAt + timeoutMs, "sleeps past a time-out");
    assert(now < askedAt + timeoutMs, "a request waits for longer than it may");
  }
}

function checkMemory({ deadlines, open }: Table): void {
  assert(deadlines.size <= 2 * open + 1, `${deadlines.size} deadlines for ${open} connections`);
}

/** A connection that was granted, as it was before, and to whom. */
export interface Granted {
  readonly facts: ConnectionFacts;
  readonly waiter: { readonly unsafe: boolean; readonly fresh: boolean };
  /** It had just been opened, or released by another request: it was not idle in between. */
  readonly handedOver: boolean;
  /** Before this lease. */
  readonly life: Life;
  readonly capacity: number;
}

/** Fails when a connection was granted though a rule forbids it. */
export function checkGrant(granted: Granted, rules: Rules, now: number): void {
  const { facts, waiter, handedOver, life, capacity } = granted;
  if (life.leases > 0) {
    assert(hasCapacity({ ...life, capacity, facts }, rules), "a connection without room was shared");
    assert(now < facts.expiresAt, "a connection was shared beyond its lifetime");
    assert(mayJoin(life, waiter), "a request shares a connection that may be stale");
    return;
  }
  if (facts.requests === 0 && handedOver) return;
  assert(now < (expectedUntil(facts, rules) ?? -Infinity), "a rule was broken at reuse");
  assertEquals(waiter.fresh, false, "a second attempt got a connection that was not opened for it");
  if (waiter.unsafe && !handedOver) {
    assert(isTrusted(facts, rules, now), "an unsafe request got a connection that may be stale");
  }
}
