/**
 * The probe against real servers, each started with limits that it must find.
 *
 * ```sh
 * npm run probe:servers               # all that are installed; Caddy and Envoy are fetched
 * npm run probe:servers -- nginx      # those whose name contains this
 * ```
 */

import process from "node:process";
import { knownSystems } from "./all.ts";
import { type Compared, compare, probePort } from "./comparison.ts";
import { installServers } from "./install.ts";
import type { KnownPort, KnownSystem, SetLimits } from "./known-server.ts";

const LIMITS: SetLimits = { idleMs: 7000, unusedMs: 4000, requests: 25, lifetimeMs: 12_000 };
const BOUNDS = { maxIdle: "20s", requests: 40 } as const;

const [, , filter = ""] = process.argv;
await installServers();
let wrong = 0;
for (const system of knownSystems.filter(({ title }) => title.toLowerCase().includes(filter.toLowerCase())))
  wrong += await prove(system);
console.log(wrong === 0 ? "\nAll limits were found." : `\n${wrong} limits were not found.`);
process.exit(wrong === 0 ? 0 : 1);

/** Returns how many limits were not found. */
async function prove(system: KnownSystem): Promise<number> {
  const running = await system.start(LIMITS);
  if ("missing" in running) {
    console.log(`\n${system.title}: skipped, ${running.missing}`);
    return 0;
  }
  console.log(`\n${system.title} (${running.version})`);
  try {
    const ports = Object.entries(running.ports);
    const counts = await Promise.all(ports.map(([name, port]) => provePort(name, port)));
    return counts.reduce((sum, count) => sum + count, 0);
  } finally {
    await running.close();
  }
}

async function provePort(name: string, port: KnownPort): Promise<number> {
  const report = await probePort(port, BOUNDS);
  const rows = compare(report, port);
  for (const row of rows) console.log(`  ${name.padEnd(10)}${line(row)}`);
  for (const note of report.notes) console.log(`  ${name.padEnd(10)}${note}`);
  if (port.http2 !== undefined && report.http2 === undefined) {
    console.log(`  ${name.padEnd(10)}HTTP/2 was not measured`);
    return 1;
  }
  return rows.filter(({ isRight }) => !isRight).length;
}

function line({ limit, known, found, isRight }: Compared): string {
  const value =
    found.value === undefined ? `not reached (${Math.round(found.atLeast)})` : Math.round(found.value);
  const how = found.how === undefined ? "" : `, ${found.how}, seen ${found.seen} times`;
  return `${limit.padEnd(17)}known ${String(known ?? "none").padEnd(7)}found ${value}${how}${isRight ? "" : "  WRONG"}`;
}
