/**
 * Torture: servers that close at the worst moments. Clients must neither fail, nor send a POST twice, nor take
 * another request's response, nor leak a socket. Runs Holdfast beside clients that people use.
 *
 * ```sh
 * node --import tsx bench/torture/main.ts                                            # a minute, this runtime
 * node --import tsx bench/torture/main.ts --requests 1000000 --runtime node,deno,bun # the full proof
 * node --import tsx bench/torture/main.ts --client holdfast-request --seed 7
 * ```
 *
 * Exit code: 0 if Holdfast's figures are all zero, 1 if not, 2 for wrong arguments.
 */

import process from "node:process";
import { parsed, understood } from "../../scripts/command-line.ts";
import { CLIENT_TITLES, type ClientName } from "./clients.ts";
import { type Figures, isFlawless } from "./judge.ts";
import { progressOf } from "./progress.ts";
import { torture } from "./run.ts";
import { findRuntime, RUNTIME_NAMES, type Runtime, type RuntimeName } from "./runtimes.ts";
import { errorLines, NOTES, tableOf } from "./table.ts";

const HELP = `Servers that close at the worst moments, for Holdfast beside other clients. Holdfast's figures must be zero.

node --import tsx bench/torture/main.ts                                             a minute, this runtime
node --import tsx bench/torture/main.ts --requests 1000000 --runtime node,deno,bun  the full proof

  --requests N      for each client (20000)
  --runtime NAMES   of the clients, with commas between them: ${RUNTIME_NAMES.join(", ")} (here)
  --client NAMES    these clients alone, as far as the runtime has them
  --seed N          what goes wrong, and when (1)
  --quiet           no progress

Clients:
${Object.entries(CLIENT_TITLES)
  .map(([name, title]) => `  ${name.padEnd(30)} ${title}`)
  .join("\n")}

Exit code: 0 if Holdfast's figures are all zero, 1 if not, 2 for wrong arguments.`;

const OPTIONS = {
  requests: { type: "string", default: "20000" },
  runtime: { type: "string", default: "here" },
  client: { type: "string" },
  seed: { type: "string", default: "1" },
  quiet: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const values =
  understood(() => parsed({ options: OPTIONS }).values, "bench/torture/main.ts --help says more.") ??
  process.exit(2);
if (values.help) console.log(HELP);
else process.exitCode = await main();

async function main(): Promise<number> {
  const [requests, seed] = [Number(values.requests), Number(values.seed)];
  const names = values.runtime.split(",");
  const wanted = values.client?.split(",");
  const unknown = [
    ...names.filter((name) => !(RUNTIME_NAMES as readonly string[]).includes(name)),
    ...(wanted ?? []).filter((name) => !(name in CLIENT_TITLES)),
  ];
  if (unknown.length > 0 || !Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
    console.error(`Not understood: ${unknown.join(", ") || "--requests and --seed take whole numbers"}.`);
    console.error(
      `Runtimes: ${RUNTIME_NAMES.join(", ")}. Clients: ${Object.keys(CLIENT_TITLES).join(", ")}.`,
    );
    return 2;
  }
  let flawless = true;
  for (const name of names as RuntimeName[]) {
    const runtime = findRuntime(name);
    if (runtime === undefined) console.log(`\n${name} is not installed: left out.`);
    else flawless = (await onRuntime(runtime, wanted, requests, seed)) && flawless;
  }
  console.log(`\n${NOTES}`);
  console.log(flawless ? "\nHoldfast's figures are zero." : "\nHoldfast's figures are NOT all zero.");
  return flawless ? 0 : 1;
}

async function onRuntime(
  runtime: Runtime,
  wanted: readonly string[] | undefined,
  requests: number,
  seed: number,
): Promise<boolean> {
  const clients = runtime.clients.filter((client) => wanted?.includes(client) ?? true);
  const server = findRuntime("here") as Runtime;
  const results = await torture({
    server,
    runtime,
    clients,
    requests,
    seed,
    progress: values.quiet ? () => {} : progressOf(runtime.name, requests),
  });
  console.log(`\n${runtime.name}, seed ${seed}\n${tableOf(results)}`);
  for (const line of errorLines(results)) console.log(line);
  return ours(results).every(isFlawless);
}

function ours(results: ReadonlyMap<ClientName, Figures>): Figures[] {
  return [...results].flatMap(([client, figures]) => (client.startsWith("holdfast") ? [figures] : []));
}
