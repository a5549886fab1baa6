/**
 * The conformance scenarios in workerd, inside a Durable Object: each trace must be the one that it leaves on every runtime.
 *
 *     conformance.ts [part of a scenario's name]
 */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { verdictOn } from "../conformance/harness/judge.ts";
import type { Outcome } from "../conformance/harness/perform.ts";
import type { Scenario } from "../conformance/harness/scenario.ts";
import { scenarios } from "../conformance/scenarios/all.ts";
import { startWorkerd } from "./workerd.ts";

/** Scenarios that leave another trace on Workers: what they leave in the end, and the declared capability that explains it. */
export const DIFFERENCES: Readonly<Record<string, readonly [end: RegExp, why: string]>> = {
  "A server of an unknown CA is refused": [
    /it did not reject/,
    "ownTrust: the authorities are those of the platform",
  ],
  "A certificate of another name is refused": [
    /> tls: handshake/,
    "ownTrust: a certificate is refused without a reason",
  ],
  "An expired certificate is refused": [/ERR_CONNECT .*> other/, "a dial fails without a reason"],
  "A server without TLS is refused": [/ERR_CONNECT .*> other/, "a dial fails without a reason"],
  "A server that ends the connection during the handshake is refused": [
    /ERR_CONNECT .*> other/,
    "a dial fails without a reason",
  ],
  "A refused connection fails its request": [/ERR_CONNECT .*> other/, "a dial fails without a reason"],
  "A hostname that does not exist fails the request": [/> other/, "a dial fails without a reason"],
};

/** Why the outcome in an object is wrong; `undefined` if it is as it should be. */
export function flawOf(scenario: Scenario, outcome: Outcome | undefined): string | undefined {
  if (verdictOn(scenario, outcome) !== "failed") return undefined;
  const trace = outcome?.trace.join(" · ") ?? "";
  const [end] = DIFFERENCES[scenario.name] ?? [];
  if (outcome !== undefined && outcome.error === undefined && end?.test(trace) === true) return undefined;
  const expected = scenario.trace.replace(/\s+/g, " ").trim();
  return `${scenario.name}\n  ${outcome?.error ?? "another trace"}\n  expected ${expected}\n  found    ${trace}`;
}

/** Modules of the suite that read files or start programs, as far as scenarios use them in a Worker. */
const STAND_INS: Readonly<Record<string, string>> = {
  certs: `const texts = ${JSON.stringify(certificates())}; export const pem = (name) => texts[name]; export const ca = texts["ca.pem"];`,
  kernel: "export const nextProbeMs = async () => undefined;",
  child_process: "export const spawn = undefined; export const execFile = undefined;",
};

function certificates(): Record<string, string> {
  return Object.fromEntries(
    ["ca.pem"].map((name) => [name, readFileSync(new URL(`../certs/${name}`, import.meta.url), "utf8")]),
  );
}

const standIns: Plugin = {
  name: "stand-ins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /(harness\/|\.\/)(certs|kernel)\.ts$|^node:child_process$/ }, ({ path }) => {
      const name = Object.keys(STAND_INS).find((known) => path.includes(known));
      return { path: name ?? "", namespace: "stand-in" };
    });
    onLoad({ filter: /.*/, namespace: "stand-in" }, ({ path }) => ({ contents: STAND_INS[path] ?? "" }));
  },
};

/** Runs the scenarios whose name contains `only`. */
export async function runInObject(only: string): Promise<Map<string, Outcome>> {
  const server = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("../conformance/server.ts", import.meta.url))],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    await using workerd = await startWorkerd({
      source:
        'export * from "#root/tests/workers/conformance-worker.ts"; export { default } from "#root/tests/workers/conformance-worker.ts";',
      objects: { HOME: "Home" },
      plugins: [standIns],
      quiet: true,
    });
    const port = await firstLine(server);
    const response = await fetch(`${workerd.url}/?port=${port}&only=${encodeURIComponent(only)}`);
    if (!response.ok || response.body === null) throw new Error(await response.text());
    const outcomes = new Map<string, Outcome>();
    const lines = createInterface(Readable.fromWeb(response.body as NodeReadableStream));
    for await (const line of lines) {
      const outcome: Outcome = JSON.parse(line);
      outcomes.set(outcome.name, outcome);
    }
    return outcomes;
  } finally {
    server.stdin?.end();
  }
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout !== null) for await (const line of createInterface(stdout)) return line;
  throw new Error("The server ended before it listened");
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  const only = process.argv[2] ?? "";
  const outcomes = await runInObject(only);
  const chosen = scenarios.filter(({ name }) => name.includes(only));
  const flaws = chosen.flatMap((scenario) => flawOf(scenario, outcomes.get(scenario.name)) ?? []);
  for (const flaw of flaws) console.log(`✖ ${flaw}`);
  const skipped = [...outcomes.values()].filter((outcome) => outcome.skipped !== undefined).length;
  console.log(`${chosen.length - skipped - flaws.length} passed, ${flaws.length} failed, ${skipped} skipped`);
  process.exitCode = flaws.length > 0 ? 1 : 0;
}
