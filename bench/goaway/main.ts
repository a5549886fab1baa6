/**
 * GOAWAY torture: HTTP/2 servers that end a connection after some requests, while many are on the way. What the GOAWAY
 * proves unprocessed must be sent again, a POST too, and nothing must be executed twice. Runs Holdfast beside the
 * HTTP/2 clients of the runtime.
 *
 * ```sh
 * node --import tsx bench/goaway/main.ts                                             # a minute, this runtime
 * node --import tsx bench/goaway/main.ts --requests 100000 --runtime node24,deno,bun # the full proof
 * node --import tsx bench/goaway/main.ts --origin nginx --client holdfast-request --together 100
 * ```
 *
 * Exit code: 0 if Holdfast's figures are flawless, 1 if not, 2 for wrong arguments.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { findRuntime, RUNTIME_NAMES, type Runtime, type RuntimeName } from "../torture/runtimes.ts";
import { CLIENT_TITLES, type ClientName, clientsOf } from "./clients.ts";
import { ORIGINS, type OriginKind } from "./origins.ts";
import { type Figures, isFlawless, runClient } from "./run.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    together: { type: "string", default: "50" },
    runtime: { type: "string", default: "here" },
    origin: { type: "string", default: ORIGINS.map(({ name }) => name).join() },
    client: { type: "string", default: Object.keys(CLIENT_TITLES).join() },
  },
});

const HEAD = ["", "failed\nGETs", "failed\nPOSTs", "wrong", "never\nsettled", "executed\ntwice"];
const MORE = ["connections", "allowed", "requests/s"];

process.exitCode = await main();

async function main(): Promise<number> {
  const [requests, together] = [Number(values.requests), Number(values.together)];
  const [names, origins, clients] = [values.runtime, values.origin, values.client].map((list) =>
    list.split(","),
  );
  const known: readonly string[] = [
    ...RUNTIME_NAMES,
    ...ORIGINS.map(({ name }) => name),
    ...Object.keys(CLIENT_TITLES),
  ];
  const unknown = [...(names ?? []), ...(origins ?? []), ...(clients ?? [])].filter(
    (name) => !known.includes(name),
  );
  if (unknown.length > 0 || !isCount(requests) || !isCount(together)) {
    console.error(`Not understood: ${unknown.join(", ") || "--requests and --together take whole numbers"}.`);
    console.error(`There are: ${known.join(", ")}.`);
    return 2;
  }
  let flawless = true;
  for (const name of names as RuntimeName[]) {
    const runtime = findRuntime(name);
    if (runtime === undefined) {
      console.log(`\n${name} is not installed: left out.`);
      continue;
    }
    for (const kind of ORIGINS.filter((each) => origins?.includes(each.name)))
      flawless = (await against(kind, { runtime, requests, together }, clients ?? [])) && flawless;
  }
  console.log(`\n${flawless ? "Holdfast is flawless." : "Holdfast is NOT flawless."}`);
  return flawless ? 0 : 1;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value > 0;
}

interface Plan {
  readonly runtime: Runtime;
  readonly requests: number;
  readonly together: number;
}

async function against(kind: OriginKind, plan: Plan, wanted: readonly string[]): Promise<boolean> {
  const origin = await kind.start(findRuntime("here") as Runtime);
  const limit = kind.limit === Infinity ? "no GOAWAY" : `GOAWAY after ${kind.limit}`;
  console.log(
    `\n${plan.runtime.name}, ${kind.name}: ${limit}, ${plan.requests} requests, ${plan.together} together`,
  );
  if (typeof origin === "string") {
    console.log(`${origin}: left out.`);
    return true;
  }
  const results = new Map<ClientName, Figures>();
  try {
    for (const client of clientsOf(plan.runtime.name).filter((name) => wanted.includes(name)))
      results.set(client, await runClient(plan, kind, origin, client));
  } finally {
    await origin.close();
  }
  print(results);
  return [...results].every(([client, figures]) => !client.startsWith("holdfast") || isFlawless(figures));
}

function print(results: ReadonlyMap<ClientName, Figures>): void {
  const head = [...HEAD, ...MORE];
  const colAligns = head.map((_, at) => (at === 0 ? "left" : "right"));
  const table = new Table({ head, colAligns, style: { head: [], border: [] } });
  for (const [client, figures] of results) {
    const { failedGets, failedPosts, wrong, hung, twice, connections, allowed, requests, elapsedMs } =
      figures;
    const rate = Math.round((requests * 1000) / elapsedMs);
    const row = [failedGets, failedPosts, wrong, hung, twice, connections, allowed, rate];
    table.push([CLIENT_TITLES[client], ...row]);
  }
  console.log(table.toString());
  for (const [client, { errors }] of results) {
    for (const [code, times] of Object.entries(errors))
      console.log(`${CLIENT_TITLES[client]}: ${code} ×${times}`);
  }
}
