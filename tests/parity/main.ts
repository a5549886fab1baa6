/**
 * The parity tests: a real program and Holdfast with its preset go through the same schedules against a recording
 * server, and must use their connections in the same way.
 *
 * ```sh
 * node --import tsx tests/parity/main.ts                          # everything that is installed here
 * node --import tsx tests/parity/main.ts --only jdk,curl          # some systems
 * node --import tsx tests/parity/main.ts --case "Keep-Alive: max" # cases whose name contains this
 * node --import tsx tests/parity/main.ts --list                   # lists the systems
 * node --import tsx tests/parity/main.ts --build                  # compiles the clients in Go and Rust, if possible
 * ```
 *
 * A system that is not installed is skipped with a message. Exit code: 1 for a disagreement that
 * `disagreements.ts` does not explain.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Counts, countsLine, none, parseCountsLine, sum } from "../../scripts/test/counts.ts";
import { run as runCommand } from "../../scripts/test/run.ts";
import { nodeWithTsx } from "../../scripts/test/tools.ts";
import { countsOf, printDisagreements, printTable } from "./report.ts";
import { servers } from "./servers/all.ts";
import { compareServer } from "./servers/server-comparison.ts";
import { compareSystem, type Row } from "./system-comparison.ts";
import { all } from "./systems/all.ts";
import { buildAll } from "./systems/native.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    case: { type: "string", default: "" },
    list: { type: "boolean", default: false },
    build: { type: "boolean", default: false },
  },
});

/** Systems compared at the same time. Each is a JVM, a browser or a runtime, beside a process with Holdfast. */
const SYSTEMS_AT_ONCE = 4;

/** Time limit for the slice, including the start of its servers. */
const SLICE_MS = 600_000;

const names = values.only.split(",").filter((name) => name !== "");
const clients = chosenOf(all);
const origins = chosenOf(servers);

if (values.list)
  for (const { name, title } of [...all, ...servers]) console.log(`${name.padEnd(20)} ${title}`);
else if (values.build) buildAll();
else if (clients.length + origins.length === 0) refuse(`No system is called ${values.only}: see --list.`);
else await run();

function chosenOf<T extends { readonly name: string }>(list: readonly T[]): T[] {
  return list.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function run(): Promise<void> {
  const work = [
    ...clients.map((system) => () => compareSystem(system, values.case)),
    ...origins.map((system) => () => compareServer(system, values.case)),
  ];
  const [rows, sliced] = await Promise.all([
    inParallel(work),
    names.length === 0 && values.case === "" ? slice() : none,
  ]);
  if (clients.length > 0) printTable("client", rows.slice(0, clients.length));
  if (origins.length > 0) printTable("server", rows.slice(clients.length));
  printDisagreements(rows);
  const counts = sum(countsOf(rows), sliced);
  console.log(countsLine(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

/** Runs a short campaign with default rules, in a process of its own. */
async function slice(): Promise<Counts> {
  const script = fileURLToPath(new URL("./default-rules.ts", import.meta.url));
  const { output } = await runCommand([...nodeWithTsx, script, "--slice"], {
    signal: AbortSignal.timeout(SLICE_MS),
  });
  console.log(output.trimEnd());
  return parseCountsLine(output) ?? { ...none, failed: 1 };
}

/** Runs the work, some at a time, and returns the rows in order. */
async function inParallel(work: readonly (() => Promise<Row>)[]): Promise<Row[]> {
  const rows: Row[] = [];
  const waiting = [...work.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, go] = next;
      rows[at] = await go();
    }
  };
  await Promise.all(Array.from({ length: SYSTEMS_AT_ONCE }, lane));
  return rows;
}

function refuse(mistake: string): void {
  console.error(mistake);
  process.exitCode = 1;
}
