/** Runs the campaign against every installed server, with its announcements honoured and with them ignored. */

import Table from "cli-table3";
import { type Counts, none, sum } from "../../../scripts/test/counts.ts";
import { servers } from "../servers/all.ts";
import type { ServerSystem } from "../servers/server-system.ts";
import { type Campaign, campaign, LIMIT_MS } from "./campaign.ts";

/** Settings of one run. */
export interface Settings {
  readonly ms: number;
  readonly seed: number;
  /** The learned limit must be at least this share of the true limit. */
  readonly near: number;
}

/** The required share: within 10 % below the true limit. */
export const NEAR = 0.9;

/** On a loaded machine a server closes later than its limit, so the learned limit may be this much too high. */
const LATE = 1.1;

export interface DefaultRulesRow {
  readonly server: string;
  readonly version: string;
  readonly hints: boolean;
  readonly skipped?: string;
  readonly campaign?: Campaign;
  readonly faults: readonly string[];
}

export async function defaultRules(settings: Settings): Promise<DefaultRulesRow[]> {
  return (await Promise.all(servers.map((system) => runAgainst(system, settings)))).flat();
}

/** Repeats the servers with a fault once, because a stalled machine may have caused it. */
export async function retryFaulty(
  rows: readonly DefaultRulesRow[],
  settings: Settings,
): Promise<DefaultRulesRow[]> {
  const again = servers.filter(({ title }) =>
    rows.some(({ server, faults }) => server === title && faults.length > 0),
  );
  const kept = rows.filter(({ server }) => !again.some(({ title }) => title === server));
  const tried = await Promise.all(again.map((system) => runAgainst(system, settings)));
  return [...kept, ...tried.flat()];
}

async function runAgainst(system: ServerSystem, settings: Settings): Promise<DefaultRulesRow[]> {
  const { ms, seed, near } = settings;
  const server = system.title;
  const running = await system.start(LIMIT_MS);
  if ("missing" in running)
    return [{ server, version: "–", hints: true, skipped: running.missing, faults: [] }];
  try {
    const { version, ports } = running;
    const rows = [true, false].map(async (hints, at): Promise<DefaultRulesRow> => {
      const result = await campaign({ port: ports.idle ?? 0, ms, seed: seed + at * 1000, hints });
      return { server, version, hints, campaign: result, faults: faultsOf(result, hints, near) };
    });
    return await Promise.all(rows);
  } finally {
    await running.close();
  }
}

function faultsOf({ failures, errors, learnedMs }: Campaign, hints: boolean, near: number): string[] {
  const faults = failures > 0 ? [`${failures} requests failed, the first: ${errors[0]}`] : [];
  if (learnedMs === undefined && !hints) faults.push("no limit was learned");
  if (learnedMs !== undefined && (learnedMs < near * LIMIT_MS || learnedMs > LATE * LIMIT_MS))
    faults.push(`the learned limit of ${Math.round(learnedMs)} ms is not near enough to ${LIMIT_MS} ms`);
  return faults;
}

export function printDefaultRules(rows: readonly DefaultRulesRow[]): void {
  const table = new Table({
    head: [
      "default rules",
      "Keep-Alive",
      "requests",
      "failed",
      "resent",
      "connections",
      "learned : true",
      "while above",
    ],
    colAligns: ["left", "left", ...Array.from({ length: 6 }, () => "right" as const)],
    style: { head: [], border: [] },
  });
  for (const { server, version, hints, skipped, campaign: found } of rows) {
    if (found === undefined) table.push([server, { content: `skipped: ${skipped}`, colSpan: 7 }]);
    else {
      const { requests, failures, retries, connections, learnedMs, above } = found;
      const share = learnedMs === undefined ? "–" : (learnedMs / LIMIT_MS).toFixed(3);
      const tried = learnedMs === undefined ? "–" : `${(100 * above).toFixed(1)} %`;
      table.push([
        version,
        hints ? "honoured" : "ignored",
        requests,
        failures,
        retries,
        connections,
        share,
        tried,
      ]);
    }
  }
  console.log(table.toString());
  for (const { server, hints, faults } of rows)
    for (const fault of faults)
      console.log(`✖ ${server}, Keep-Alive ${hints ? "honoured" : "ignored"}: ${fault}`);
}

export function defaultRulesCounts(rows: readonly DefaultRulesRow[]): Counts {
  return rows
    .map(({ faults, skipped }) => {
      if (skipped !== undefined) return { ...none, skipped: 1 };
      return faults.length === 0 ? { ...none, passed: 1 } : { ...none, failed: 1 };
    })
    .reduce(sum, none);
}
