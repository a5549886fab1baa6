/**
 * Packages that take an agent or a dispatcher, and frameworks with a server of their own. Each package goes through the steps of
 * `tests/outside` twice, on Node, against a local server: with its own kind of connections, and with a pool's.
 *
 * ```sh
 * npm run outside:sdks                             # installs them first; writes docs/sdks-node.md
 * npm run outside:sdks -- --only axios,got         # some packages, by the names of their files; writes nothing
 * npm run outside:sdks -- --newest                 # takes the newest versions from npm first
 * ```
 *
 * Exit code: 1 if a step fails with the pool, or if a package did not use it.
 */

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readJson, root } from "../../../scripts/entries.ts";
import { run } from "../../../scripts/test/run.ts";
import { nodeWithTsx } from "../../../scripts/test/tools.ts";
import { STEPS, type StepName } from "../driver.ts";
import { installPackages } from "../install.ts";
import { type Mock, startMock } from "../mock.ts";
import { type Outcome, PAYLOAD } from "../steps.ts";
import type { SdkDriver } from "./sdk-driver.ts";

const { values } = parseArgs({
  options: { newest: { type: "boolean", default: false }, only: { type: "string", default: "" } },
});
const wanted = values.only.split(",").filter((name) => name !== "");

/** What came of one package. */
interface Row {
  readonly driver: SdkDriver;
  readonly own: Steps;
  readonly pool: Steps;
  /** Connections of the pool to the server, and requests that it sent. */
  readonly connections: number;
  readonly requests: number;
}

type Steps = Partial<Record<StepName, Outcome>>;

const INTRODUCTION = `# Packages that take an agent or a dispatcher

Written by \`npm run outside:sdks\`: each package goes through the same steps against a local server, with its own kind of connections
(\`keepAlive: true\` where it takes an agent) and with a pool's. \`agent\` is that of [agent.md](agent.md), \`dispatcher\` that of
[dispatcher.md](dispatcher.md). [sdks.md](sdks.md) has the packages that take a \`fetch\`.

The steps: a request, an error status, a request whose reused connection the server ends, a streamed answer, an upload of 64 KiB, an abort.
Under "lost" stands what the caller of a read sees when the server ends its reused connection. DynamoDB and Slack read by POST, which is
never sent twice.

| package | how it gets the pool | steps | lost, its own | lost, with the pool |
|---|---|---|---|---|
`;

if (await installPackages(values.newest, "sdks")) await judge();
else {
  console.error("The packages could not be installed.");
  process.exitCode = 1;
}

async function judge(): Promise<void> {
  const files = readdirSync(new URL("./drivers/", import.meta.url)).filter(
    (file) => wanted.length === 0 || wanted.includes(file.replace(".ts", "")),
  );
  const rows: Row[] = [];
  for (const file of files.sort()) rows.push(await rowOf(file));
  const faults = rows.flatMap(faultsOf);
  for (const row of rows) console.log(line(row));
  if (wanted.length === 0) {
    writeFileSync(join(root, "docs/sdks-node.md"), page(rows));
    const { ok, output } = await run([...nodeWithTsx, "--test", "tests/server/frameworks.test.ts"]);
    if (!ok) faults.push(`the frameworks of docs/server.md:\n${output}`);
  }
  for (const fault of faults) console.error(`✗ ${fault}`);
  console.log(`${rows.length} packages, ${faults.length} faults`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

async function rowOf(file: string): Promise<Row> {
  const { driver } = (await import(new URL(`./drivers/${file}`, import.meta.url).href)) as {
    driver: SdkDriver;
  };
  const [own, pooled] = [await startMock(driver, PAYLOAD), await startMock(driver, PAYLOAD)];
  const addresses = ({ url, control }: Mock) => ({ url, control });
  const plan = JSON.stringify({ own: addresses(own), pooled: addresses(pooled) });
  const script = fileURLToPath(new URL("./drive.ts", import.meta.url));
  const { output } = await run([...nodeWithTsx, script, file, plan], { cwd: root });
  const lines = [...output.matchAll(/^@@(.*)$/gm)].map(([, text = "{}"]) => JSON.parse(text));
  const steps = (column: string): Steps =>
    Object.fromEntries(
      STEPS.filter((step) => driver.lacks?.[step] === undefined).map((step) => {
        const found = lines.find((one) => one.column === column && one.step === step);
        return [step, found ?? { ok: false, saw: `the process ended before: ${output.slice(-300)}` }];
      }),
    );
  const row = { driver, own: steps("own"), pool: steps("pool"), connections: pooled.counts().connections };
  own.close();
  pooled.close();
  return { ...row, requests: lines.find((one) => "requests" in one)?.requests ?? 0 };
}

function faultsOf({ driver, pool, requests }: Row): string[] {
  const failed = Object.entries(pool).filter(([, { ok }]) => !ok);
  return [
    ...failed.map(([step, { saw }]) => `${driver.name}, ${step}: ${saw}`),
    ...(requests === 0 ? [`${driver.name} did not use the pool`] : []),
  ];
}

function line({ driver, own, pool, connections, requests }: Row): string {
  const passed = (steps: Steps) => Object.values(steps).filter(({ ok }) => ok).length;
  const lost = (steps: Steps) => steps.retry?.saw ?? "–";
  return `${driver.name}: ${passed(pool)} of ${Object.keys(pool).length} steps (own: ${passed(own)}), ${requests} requests on ${connections} connections; lost: ${lost(pool)} | own: ${lost(own)}`;
}

function page(rows: readonly Row[]): string {
  const { dependencies } = readJson<{ dependencies: Readonly<Record<string, string>> }>(
    join(root, "tests/outside/sdks/package.json"),
  );
  const cells = rows.map(({ driver, own, pool }) => {
    const passed = Object.values(pool).filter(({ ok }) => ok).length;
    const name = `${driver.name} ${dependencies[driver.name] ?? ""}`;
    const steps = `${passed} of ${Object.keys(pool).length}`;
    return `| ${name} | \`${driver.handed}\` | ${steps} | ${lostWords(own)} | ${lostWords(pool)} |`;
  });
  const lacking = rows.flatMap(({ driver }) =>
    Object.entries(driver.lacks ?? {}).map(
      ([step, why]) => `- ${driver.name} has no step "${step}": ${why}.`,
    ),
  );
  return `${INTRODUCTION}${cells.join("\n")}\n\n${lacking.join("\n")}\n`;
}

function lostWords({ retry }: Steps): string {
  if (retry === undefined) return "–";
  if (!retry.ok) return "an error";
  return retry.saw.startsWith("one call") ? "nothing" : "an error";
}
