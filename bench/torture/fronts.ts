/**
 * Fronts: the torture of programs that never call a pool: `node:http`, axios, got, superagent, the AWS SDK's `NodeHttpHandler` and its
 * S3 client, each over a pool's agent and beside it over `http.globalAgent`, a keep-alive `http.Agent` and agentkeepalive; and
 * undici's `request` and `fetch`, each over a pool's dispatcher and over its own `Agent`.
 *
 * ```sh
 * npm run fronts                                   # 200,000 requests each: some hours
 * npm run fronts -- --part axios                   # one part: 5 to 10 min on an idle machine
 * npm run fronts -- --requests 20000 --part got,undici
 * npm run fronts -- --client holdfast-axios,keepalive-axios --seed 7
 * ```
 *
 * Exit code: 0 if the figures of the pool are zero, 1 if not, 2 for wrong arguments.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { readJson, root } from "../../scripts/entries.ts";
import { run } from "../../scripts/test/run.ts";
import { npm } from "../../scripts/test/tools.ts";
import { clientsOf, FRONTS_HOME, LIBRARY_NAMES, PACKAGES } from "./agent-clients.ts";
import { CLIENT_TITLES, type ClientName } from "./clients.ts";
import { type Figures, isFlawless } from "./judge.ts";
import { progressOf } from "./progress.ts";
import { torture } from "./run.ts";
import { findRuntime, type Runtime } from "./runtimes.ts";
import { errorLines, NOTES, tableOf } from "./table.ts";

/** What runs side by side: a library, with everything that it can run over. */
const PARTS: Readonly<Record<string, readonly ClientName[]>> = {
  ...Object.fromEntries(LIBRARY_NAMES.map((name) => [name, clientsOf(name)])),
  undici: ["holdfast-undici", "undici", "holdfast-undici-fetch", "undici-fetch"],
};

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "200000" },
    part: { type: "string", default: Object.keys(PARTS).join() },
    client: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const [requests, seed, parts] = [Number(values.requests), Number(values.seed), values.part.split(",")];
  const wanted = values.client?.split(",");
  const unknown = [
    ...parts.filter((name) => !Object.hasOwn(PARTS, name)),
    ...(wanted ?? []).filter((name) => !(name in CLIENT_TITLES)),
  ];
  if (unknown.length > 0 || !Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
    console.error(`Not understood: ${unknown.join(", ") || "--requests and --seed take whole numbers"}.`);
    console.error(
      `Parts: ${Object.keys(PARTS).join(", ")}. Clients: ${Object.values(PARTS).flat().join(", ")}.`,
    );
    return 2;
  }
  await install();
  // got and undici 8 need Node 22.
  const runtime = findRuntime("node24") ?? (findRuntime("here") as Runtime);
  let flawless = true;
  for (const part of parts) {
    const clients = (PARTS[part] ?? []).filter((name) => wanted?.includes(name) ?? true);
    if (clients.length === 0) continue;
    const server = findRuntime("here") as Runtime;
    const progress = progressOf(runtime.name, requests);
    const results = await torture({ server, runtime, clients, requests, seed, progress });
    console.log(`\n${part}: ${runtime.name}, seed ${seed}\n${tableOf(results)}`);
    for (const line of errorLines(results)) console.log(line);
    flawless = ours(results).every(isFlawless) && flawless;
  }
  console.log(`\n${NOTES}`);
  console.log(flawless ? "\nHoldfast's figures are zero." : "\nHoldfast's figures are NOT all zero.");
  return flawless ? 0 : 1;
}

function ours(results: ReadonlyMap<ClientName, Figures>): Figures[] {
  return [...results].flatMap(([client, figures]) => (client.startsWith("holdfast") ? [figures] : []));
}

async function install(): Promise<void> {
  mkdirSync(FRONTS_HOME, { recursive: true });
  writeFileSync(`${FRONTS_HOME}package.json`, JSON.stringify({ private: true }));
  const { dependencies } = readJson<{ dependencies: Readonly<Record<string, string>> }>(
    join(root, "tests/outside/sdks/package.json"),
  );
  const packages = PACKAGES.map((name) => `${name}@${dependencies[name]}`);
  const { ok, output } = await run([...npm, "install", "--no-audit", "--no-fund", ...packages], {
    cwd: FRONTS_HOME,
  });
  if (!ok) throw new Error(output);
}
