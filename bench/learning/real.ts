/** Real: the same comparison on real sockets, with limits short enough to wait for. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createPool } from "../../mod.ts";
import { Prng } from "../../tests/support/prng.ts";

export interface RealFindings {
  readonly server: string;
  readonly learn: boolean;
  readonly requests: number;
  readonly staleHits: number;
  readonly failures: number;
  readonly connections: number;
  /** The learned limit by `explain()` at the end. */
  readonly learned: string | undefined;
}

const LANES = 24;

/** Runs each server with and without learning, for `seconds` in all. */
export async function realSockets(limitMs: number, seconds: number, seed: number): Promise<RealFindings[]> {
  const script = fileURLToPath(new URL("./serve.ts", import.meta.url));
  const isDeno = "deno" in process.versions;
  const loader = process.execArgv.filter((argument) => !argument.startsWith("--test"));
  const before = isDeno ? ["run", "--allow-all", "--no-check"] : loader;
  const child = spawn(process.execPath, [...before, script, String(limitMs)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const ports = Object.entries(JSON.parse(line) as Record<string, number>);
    const findings: RealFindings[] = [];
    for (const [server, port] of ports) {
      for (const learn of [false, true]) {
        findings.push(await visit({ server, port, learn, limitMs, seed, ms: (seconds * 1000) / 4 }));
      }
    }
    return findings;
  } finally {
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
  }
}

interface Visit {
  readonly server: string;
  readonly port: number;
  readonly learn: boolean;
  readonly limitMs: number;
  readonly ms: number;
  readonly seed: number;
}

async function visit({ server, port, learn, limitMs, ms, seed }: Visit): Promise<RealFindings> {
  const origin = `http://127.0.0.1:${port}`;
  const random = new Prng(seed);
  const pool = createPool({ learn, idleTimeout: "1m" });
  const until = performance.now() + ms;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 2 * limitMs * random.next()));
      await pool.request(origin).then(
        (response) => response.bytes(),
        () => undefined,
      );
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const { requests, retries, failures, opened } = pool.stats();
  const learned = pool.explain(origin).rules.find(({ source }) => source === "learned")?.value;
  await pool.close();
  const own = requests - retries;
  return {
    server,
    learn,
    requests: own,
    staleHits: retries + failures,
    failures,
    connections: opened,
    learned,
  };
}
