/**
 * Parity: real programs and Holdfast with their presets go through the same schedules before a recording server, and
 * must do the same with their connections.
 *
 * ```sh
 * node --import tsx tests/parity/main.ts                          # everything that is installed here
 * node --import tsx tests/parity/main.ts --only jdk,curl          # some systems
 * node --import tsx tests/parity/main.ts --case "Keep-Alive: max" # cases whose name holds this
 * node --import tsx tests/parity/main.ts --list                   # the systems
 * node --import tsx tests/parity/main.ts --build                  # compiles the clients in Go and Rust, where it can
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
import { heldAgainst, type Row } from "./held-against.ts";
import { countsOf, printDisagreements, printTable } from "./report.ts";
import { servers } from "./servers/all.ts";
import { serverHeldAgainst } from "./servers/held-against.ts";
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

/** Each is a JVM, a browser or a runtime beside one of ours. */
const SYSTEMS_AT_ONCE = 4;

/** More than a slice takes, servers and all. */
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
    ...clients.map((system) => () => heldAgainst(system, values.case)),
    ...origins.map((system) => () => serverHeldAgainst(system, values.case)),
  ];
  const [rows, sliced] = await Promise.all([
    inLanes(work),
    names.length === 0 && values.case === "" ? slice() : none,
  ]);
  if (clients.length > 0) printTable("client", rows.slice(0, clients.length));
  if (origins.length > 0) printTable("server", rows.slice(clients.length));
  printDisagreements(rows);
  const counts = sum(countsOf(rows), sliced);
  console.log(countsLine(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

/** A short campaign with default rules, in a process that does nothing else. */
async function slice(): Promise<Counts> {
  const script = fileURLToPath(new URL("./default-rules.ts", import.meta.url));
  const { output } = await runCommand([...nodeWithTsx, script, "--slice"], {
    signal: AbortSignal.timeout(SLICE_MS),
  });
  console.log(output.trimEnd());
  return parseCountsLine(output) ?? { ...none, failed: 1 };
}

/** The rows in their order, some worked on at a time. */
async function inLanes(work: readonly (() => Promise<Row>)[]): Promise<Row[]> {
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
