/**
 * Books: what must be true of a core after every step, counted anew from the records themselves, and judged by the
 * oracle: nothing here asks the code that is tested what is right.
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
type Books = OriginTable<unknown, unknown>;
type Entry = OriginRecord<unknown, unknown>;
type Connection = ConnectionRecord<unknown, unknown>;

/** What the core was built with. */
export interface Terms {
  readonly rules: Rules;
  readonly acquireTimeoutMs: number;
}

/** What the driver knows of every connection. */
export type Lives = (id: number) => Life;

/** Fails when anything about the core is not as it must be after a step at `now`. */
export function checkBooks(core: Core, terms: Terms, lives: Lives, now: number): void {
  const { origins } = core;
  const entries = [...origins.records()];
  for (const entry of entries) checkEntry(entry, terms.rules);
  checkTotals(origins, entries);
  checkLimits(origins, entries, terms.rules);
  checkRules(origins, terms.rules, now);
  checkWaiters(core, entries, terms.rules, now);
  for (const entry of entries) checkSharing(entry, terms.rules, lives, now);
  checkAlarm(core, terms, now);
  checkMemory(origins);
}

function inState(entry: Entry, ...states: Connection["state"][]): Connection[] {
  return [...entry.connections].filter(({ state }) => states.includes(state));
}

function checkEntry(entry: Entry, rules: Rules): void {
  assertEquals(inState(entry, "closed"), [], "a closed connection is forgotten");
  assertEquals(entry.connecting, inState(entry, "connecting").length, "connecting of an origin");
  assertEquals(entry.active, inState(entry, "active", "draining").length, "active of an origin");
  for (const { leases } of entry.lingering)
    assertEquals(leases, 1, "only a connection with one lease lingers");
  const idle = [...entry.idle];
  assertEquals(idle.length, inState(entry, "idle").length, "idle of an origin");
  assert(inOrder(idle.map(({ idleSince }) => idleSince)), "idle by the time they became idle");
  const blocked = uncovered(entry) > 0 && entry.connections.size < rules.maxConnectionsPerOrigin;
  assertEquals(entry.blockedNode.listed, blocked, "blocked while only the total limit is to blame");
}

/** Leases are what was granted and not released; those with room are listed, and nobody waits for them. */
function checkSharing(entry: Entry, rules: Rules, lives: Lives, now: number): void {
  const room = [...entry.room];
  assert(inOrder(room.map(({ leases }) => -leases)), "the fullest connection with room comes first");
  assertEquals(new Set(room).size, room.length, "a connection with room is listed once");
  for (const connection of entry.connections) {
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
    for (const waiter of entry.waiters) {
      const served = takesMore && isInTime && mayJoin(shared, waiter);
      assert(!served, "a waiter and a connection with room that it may share");
    }
  }
}

function uncovered({ waiters, connecting, capacity }: Entry): number {
  let left = waiters.size;
  for (let attempt = 0; attempt < connecting; attempt++) left -= Math.min(left, capacity);
  return left;
}

function checkTotals(origins: Books, entries: readonly Entry[]): void {
  const sum = (count: (entry: Entry) => number) => entries.reduce((total, entry) => total + count(entry), 0);
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
    sum((entry) => inState(entry, "draining").length),
    "draining",
  );
  assertEquals(
    origins.idle.size,
    sum(({ idle }) => idle.size),
    "idle",
  );
  assertEquals(
    origins.queue.size,
    sum(({ waiters }) => waiters.size),
    "queued",
  );
  assertEquals(origins.waitersWithoutAttempt, sum(uncovered), "waiters without a dial");
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
  assert(inOrder([...origins.queue].map(({ askedAt }) => askedAt)), "who waited longest comes first");
}

function inOrder(times: readonly number[]): boolean {
  return times.every((time, at) => at === 0 || time >= (times[at - 1] ?? time));
}

function checkLimits(origins: Books, entries: readonly Entry[], rules: Rules): void {
  assert(origins.open <= rules.maxConnections, "maxConnections");
  assert(origins.idle.size <= rules.maxIdle, "maxIdle");
  for (const { connections, idle } of entries) {
    assert(connections.size <= rules.maxConnectionsPerOrigin, "maxConnectionsPerOrigin");
    assert(idle.size <= rules.maxIdlePerOrigin, "maxIdlePerOrigin");
  }
}

/** Whatever is idle may be used. */
function checkRules(origins: Books, rules: Rules, now: number): void {
  for (const connection of origins.idle) {
    const until = expectedUntil(connection, rules) ?? -Infinity;
    assertEquals(connection.retireAt, until, "an idle connection is kept for as long as the rules say");
    assert(now < until, `a connection is idle at ${now}, though its time was over at ${until}`);
  }
}

/** Nobody waits for what is there. */
function checkWaiters(core: Core, entries: readonly Entry[], rules: Rules, now: number): void {
  const { origins } = core;
  if (core.closing) assertEquals(origins.queue.size, 0, "nobody waits for a closed pool");
  const all = sumOf(entries.map(countsOf));
  for (const entry of entries) {
    if (uncovered(entry) > 0) assert(!hasRoom(countsOf(entry), all, rules), "there is room");
    const idle = inState(entry, "idle");
    for (const { fresh, unsafe } of entry.waiters) {
      // For an unsafe one a connection is on its way; it need not be the first to learn of a better one.
      if (unsafe && uncovered(entry) === 0) continue;
      const served = !fresh && mustServe(idle, rules, unsafe, now);
      assert(!served, "a waiter and an idle connection that would serve it");
    }
  }
}

function countsOf(entry: Entry): Counts {
  return { open: entry.connections.size, spare: inState(entry, "idle").length + [...entry.lingering].length };
}

function sumOf(all: readonly Counts[]): Counts {
  return all.reduce((sum, { open, spare }) => ({ open: sum.open + open, spare: sum.spare + spare }), NONE);
}

const NONE: Counts = { open: 0, spare: 0 };

function checkAlarm(core: Core, { acquireTimeoutMs }: Terms, now: number): void {
  const { idle, queue } = core.origins;
  const wakeAt = core.wakeAt();
  assert(wakeAt > now, `waking at ${wakeAt} makes no progress from ${now}`);
  for (const { retireAt } of idle) assert(wakeAt <= retireAt, "sleeps past the end of an idle connection");
  for (const { askedAt } of queue) assert(wakeAt <= askedAt + acquireTimeoutMs, "sleeps past a time-out");
}

function checkMemory({ deadlines, open }: Books): void {
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
