/**
 * Interplay: a minute of random traffic from a Holdfast pool to Holdfast's own `keepAlive()`. The pool obeys what the
 * server announces, so no request may meet a connection that the server has closed.
 *
 * ```sh
 * node --import tsx bench/interplay/main.ts                 # a minute under each server of this runtime
 * deno run -A --no-check bench/interplay/main.ts --seconds 10
 * bun bench/interplay/main.ts --seed 7
 * ```
 *
 * Exit code: 0 if there was no stale hit, 1 if there was one, 2 for wrong arguments.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { SERVERS } from "../../tests/hono/support/servers.ts";
import { type InterplayResult, interplay, isFlawless } from "./run.ts";

const CALLERS = 40;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string", default: "1" } },
});
process.exitCode = await main(Number(values.seconds), Number(values.seed));
// Deno.serve cannot close idle connections, and they would keep the process alive.
process.exit();

async function main(seconds: number, seed: number): Promise<number> {
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    console.error("--seconds takes a number above 0, --seed a whole number.");
    return 2;
  }
  const results = await Promise.all(
    SERVERS.map(
      async (server) => [server.name, await interplay(server, { seconds, seed, callers: CALLERS })] as const,
    ),
  );
  for (const [name, result] of results) print(name, result);
  const flawless = results.every(([, result]) => isFlawless(result));
  console.log(flawless ? "\nNo stale hit." : "\nThere WERE stale hits.");
  return flawless ? 0 : 1;
}

function print(name: string, result: InterplayResult): void {
  const { requests, posts, failures, opened, reused, closedUnderUs, beyond, retired, ended } = result;
  console.log(`\n${name}, seed ${values.seed}, ${values.seconds} s`);
  console.log(`  requests            ${requests}, ${posts} of them POST`);
  console.log(`  connections         ${opened} opened, reused ${reused} times`);
  console.log(`  failures            ${show(failures)}`);
  console.log(`  beyond the limits   ${beyond}`);
  console.log(`  closed while idle   ${closedUnderUs}`);
  console.log(`  retired by the pool ${show(new Map(Object.entries(retired)))}`);
  console.log(`  ended by the server ${show(ended)}`);
}

function show(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([what, count]) => `${what} ${count}`).join(", ") || "0";
}
