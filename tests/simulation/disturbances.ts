/**
 * Disturbances: what befalls a whole program: a blocked event loop, a suspension, a restart of a server, a change of
 * address.
 */

import type { Prng } from "../support/prng.ts";
import { LANE } from "./agenda.ts";
import { beLate, LATENESS } from "./lateness.ts";
import type { World } from "./world.ts";

const CALM = { drain: 2, preconnect: 4, "wall steps": 1 } as const;
const ROUGH = { ...CALM, block: 4, sleep: 2, restart: 2, "limit changes": 2 } as const;

/** Makes something happen. Returns whether the program is interrupted by it. */
export function disturb(world: World, prng: Prng): boolean {
  const { plan, trace } = world;
  const hostname = prng.pick(plan.servers)?.hostname ?? "";
  const kind = prng.weighted<keyof typeof ROUGH>(plan.weather === "calm" ? { ...NONE, ...CALM } : ROUGH);
  trace.note(kind, 0, 0, hostname);
  if (kind !== "drain" && kind !== "preconnect") world.injected(kind);
  perform(world, kind, hostname, prng);
  return kind === "block" || kind === "sleep";
}

function perform(world: World, kind: keyof typeof ROUGH, hostname: string, prng: Prng): void {
  const { pool, agenda } = world;
  switch (kind) {
    case "drain":
      return drain(world, prng.oneIn(2) ? undefined : `http://${hostname}`);
    case "preconnect": {
      const count = 1 + prng.below(4);
      world.preconnects(count);
      pool.preconnect(`http://${hostname}`, count).catch(() => {});
      return;
    }
    case "wall steps":
      return world.stepWall(prng.among(-3_600_000, -500, 500));
    case "block":
      return block(world, prng.among(5, 40, 900, 6000, 70_000), prng.oneIn(2) ? hostname : undefined);
    case "sleep":
      world.ledger.interrupted();
      return agenda.interrupt(prng.among(2000, 60_000, 36_000_000), true);
    case "restart":
      return world.servers.get(hostname)?.restart();
    case "limit changes":
      return world.servers.get(hostname)?.changeLimit(prng.among(200, 1000, 3000, 20_000, 80_000));
  }
}

const NONE = { block: 0, sleep: 0, restart: 0, "limit changes": 0 } as const;

/** Blocks the program for a while. A server may end its connections meanwhile, and only the kernel knows. */
function block(world: World, ms: number, restarts: string | undefined): void {
  world.ledger.interrupted();
  world.agenda.interrupt(ms, false);
  if (restarts === undefined) return;
  world.agenda.schedule(LANE.server, ms / 2, () => world.servers.get(restarts)?.restart());
}

/** Suspends the client's machine while its servers run on. */
export function suspend(world: World, prng: Prng): void {
  world.happened("suspended");
  world.trace.note("sleep");
  world.ledger.interrupted();
  world.agenda.interrupt(prng.among(2000, 60_000, 7_200_000), true);
}

/** Where every server keeps to its limits, late reading may not exceed what the margin of the hints is for. */
const CALM_LATE_MS = [5, 40, 300] as const;
const ROUGH_LATE_MS = [5, 60, 900, 6000, 70_000] as const;

/** Has the client's loop, its timers or its sockets run late. Returns whether the program is interrupted by it. */
export function runLate(world: World, prng: Prng): boolean {
  const { agenda, plan, ledger, trace } = world;
  const isCalm = plan.weather === "calm";
  const how = prng.among(...LATENESS);
  const ms = isCalm ? prng.among(...CALM_LATE_MS) : prng.among(...ROUGH_LATE_MS);
  const isBatch = plan.users.readsInBatches && how === "stall, then some sockets first";
  if (isBatch || (isCalm && agenda.now < world.lateAgainAt)) return false;
  world.lateAgainAt = agenda.now + 5000;
  world.happened(how);
  trace.note("late", ms, 0, how);
  ledger.interrupted();
  beLate(agenda, prng, how, ms);
  return how.startsWith("stall");
}

/**
 * Drains the pool. Open connections may carry no other request. If a listener drains, one request may already be
 * about to be written.
 */
export function drain({ pool, tap, clientNow }: World, origin: string | undefined, byListener = false): void {
  for (const link of tap.links.values()) {
    const { key } = link.originFacts;
    // Sockets that open in one turn reach the pool one by one. One that is still to come is as new as its successor.
    const mayBeToCome = byListener && link.requests === 0 && link.openedAt === clientNow;
    if (link.closed || mayBeToCome || (origin !== undefined && origin !== key && `upgrade+${origin}` !== key))
      continue;
    const taken = byListener || (!link.parked && link.request === 0);
    if (taken) link.spentNext = "it was drained";
    else link.spent ??= "it was drained";
  }
  pool.drain(origin);
}
