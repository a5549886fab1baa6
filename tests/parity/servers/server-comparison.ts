/** Compares a server with the middleware and its preset: the same raw client visits both. */

import { findDisagreement } from "../disagreements.ts";
import { type Finding, type Row, scriptCommand } from "../system-comparison.ts";
import { startListed } from "./listed.ts";
import type { RunningServer, ServerSystem } from "./server-system.ts";
import { formatSeen, sameSeen, type Visit, visit } from "./visit.ts";
import { visitsTo } from "./visits.ts";

export async function compareServer(system: ServerSystem, filter: string): Promise<Row> {
  const { title } = system;
  const running: RunningServer[] = [];
  try {
    const real = await system.start();
    if ("missing" in real) return { system: title, version: "–", skipped: real.missing, findings: [] };
    running.push(real);
    const ours = await startMiddleware(system);
    running.push(ours);
    const visits = visitsTo(system, filter).map((plan) => tried(system, { real, ours }, plan));
    return { system: title, version: real.version, findings: await Promise.all(visits) };
  } catch (error) {
    return {
      system: title,
      version: "?",
      findings: [{ name: "it runs", verdict: "unexplained", detail: String(error) }],
    };
  } finally {
    await Promise.all(running.map((server) => server.close()));
  }
}

async function startMiddleware({ name, setups }: ServerSystem): Promise<RunningServer> {
  return await startListed(await scriptCommand("hono-server"), setups, name);
}

interface Pair {
  readonly real: RunningServer;
  readonly ours: RunningServer;
}

/** Every visit depends on time, so a stalled machine may make one fail. */
const MOST_TRIES = 5;

async function tried(system: ServerSystem, pair: Pair, plan: Visit): Promise<Finding> {
  let finding = await once(system, pair, plan);
  for (let tries = 1; tries < MOST_TRIES && finding.verdict === "unexplained"; tries++)
    finding = await once(system, pair, plan);
  return finding;
}

async function once(
  { name: system, title }: ServerSystem,
  { real, ours }: Pair,
  plan: Visit,
): Promise<Finding> {
  const { name, setup } = plan;
  const [theirs, own] = await Promise.all([
    visit(real.ports[setup] ?? 0, plan),
    visit(ours.ports[setup] ?? 0, plan),
  ]);
  if (sameSeen(theirs, own)) return { name, verdict: "agreed", detail: formatSeen(theirs) };
  const detail = `${title}: ${formatSeen(theirs)}\nMiddleware: ${formatSeen(own)}`;
  const excused = findDisagreement([system], name, formatSeen(own));
  if (excused === undefined) return { name, verdict: "unexplained", detail };
  return { name, verdict: "documented", detail, reason: excused.reason };
}
