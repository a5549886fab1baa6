/** Kernel: the real state of a socket, as `ss` shows it. */

import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The timer of a socket with unacknowledged data. It hides the keepalive timer for some 40 ms. */
const BUSY = /timer:\(on,/;

/** The ports of a connection. A single port may belong to several connections. */
export interface Ports {
  readonly clientPort: number;
  readonly serverPort: number;
}

/** How many times in a row `ss` must show no timer: under load it sometimes misses one. */
const LOOKS = 25;

/** Ms until the next keepalive probe of the client's socket, or `undefined` without probes. */
export async function nextProbeMs({ clientPort, serverPort }: Ports): Promise<number | undefined> {
  for (let none = 0; none < LOOKS; ) {
    const { stdout } = await run("ss", ["-Htno", `sport = :${clientPort} and dport = :${serverPort}`]);
    if (stdout.trim() === "") throw new Error(`ss knows no socket from ${clientPort} to ${serverPort}`);
    const probeMs = timerMs(/timer:\(keepalive,([^,)]+)/.exec(stdout)?.[1]);
    if (probeMs !== undefined) return probeMs;
    none = BUSY.test(stdout) ? 0 : none + 1;
    await sleep(20);
  }
  return undefined;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, sec: 1000, min: 60_000 };

/** Parses a time of `ss`: `59sec`, `1min59sec`, `119min`, `950ms`, `1.9sec`. */
function timerMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/([\d.]+)(ms|sec|min)/g)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}
