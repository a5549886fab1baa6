/**
 * Fronts: the torture of programs on `node:http`: axios, got, superagent and the AWS SDK, each over a pool's agent, and beside it over
 * `http.globalAgent`, a keep-alive `http.Agent` and agentkeepalive.
 *
 * `npm run fronts`                        200,000 requests each
 * `npm run fronts -- --requests 20000 --client holdfast-axios,keepalive-axios`
 *
 * Exit code: 0 if the figures of the pool's agent are zero, 1 if not, 2 for wrong arguments.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { run } from "../../scripts/test/run.ts";
import { npm } from "../../scripts/test/tools.ts";
import { AGENT_CLIENTS, type AgentClientName, FRONTS_HOME } from "./agent-clients.ts";
import { isFlawless } from "./judge.ts";
import { torture } from "./run.ts";
import { findRuntime, type Runtime } from "./runtimes.ts";
import { errorLines, NOTES, tableOf } from "./table.ts";

const PACKAGES = ["superagent@10", "@smithy/node-http-handler@4", "@smithy/protocol-http@5"];

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "200000" },
    client: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});

const [requests, seed] = [Number(values.requests), Number(values.seed)];
const clients = (values.client?.split(",") ?? Object.keys(AGENT_CLIENTS)) as AgentClientName[];
const unknown = clients.filter((name) => !(name in AGENT_CLIENTS));
if (unknown.length > 0 || !Number.isInteger(requests) || requests < 1 || !Number.isInteger(seed)) {
  console.error(`Not understood: ${unknown.join(", ") || "--requests and --seed take whole numbers"}.`);
  console.error(`Clients: ${Object.keys(AGENT_CLIENTS).join(", ")}.`);
  process.exit(2);
}

mkdirSync(FRONTS_HOME, { recursive: true });
writeFileSync(`${FRONTS_HOME}package.json`, JSON.stringify({ private: true }));
const { ok, output } = await run([...npm, "install", "--no-audit", "--no-fund", ...PACKAGES], {
  cwd: FRONTS_HOME,
});
if (!ok) throw new Error(output);

// got needs Node 22.
const runtime = findRuntime("node24") ?? (findRuntime("here") as Runtime);
const results = await torture({
  server: findRuntime("here") as Runtime,
  runtime,
  clients,
  requests,
  seed,
  progress: () => {},
});
console.log(`${runtime.name}, seed ${seed}\n${tableOf(results)}`);
for (const line of errorLines(results)) console.log(line);
console.log(`\n${NOTES}`);
const own = [...results].filter(([client]) => client.startsWith("holdfast"));
process.exitCode = own.every(([, figures]) => isFlawless(figures)) ? 0 : 1;
