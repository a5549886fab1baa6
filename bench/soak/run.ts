/** Run: the soak's servers and its client, each in a process of its own. */

import { Child } from "../torture/child.ts";
import type { Runtime } from "../torture/runtimes.ts";
import type { Measured, Sample, SoakLaunch } from "./protocol.ts";

/**
 * How long pool and servers may take to agree. Bun's server notices late that a socket was closed whose response it
 * cut off.
 */
const PATIENCE_MS = 30_000;

export interface Soak {
  readonly server: Runtime;
  readonly runtime: Runtime;
  readonly rounds: number;
  readonly roundMs: number;
  readonly settleMs: number;
  readonly seed: number;
  sampled(sample: Sample): void;
}

export async function soak(given: Soak): Promise<Sample[]> {
  const { rounds, roundMs, settleMs, seed } = given;
  const server = await Child.run(given.server, new URL("./serve.ts", import.meta.url));
  const samples: Sample[] = [];
  try {
    const { ports } = await server.next<{ ports: number[] }>();
    const launch: SoakLaunch = { ports, rounds, roundMs, settleMs, seed };
    const script = new URL("./client-process.ts", import.meta.url);
    const client = await Child.run(withGc(given.runtime), script, JSON.stringify(launch));
    try {
      for (;;) {
        const sample = await sampleOf(client, server);
        samples.push(sample);
        given.sampled(sample);
        client.tell({ go: "on" });
        if (sample.state === "gone") return samples;
      }
    } finally {
      await client.end();
    }
  } finally {
    await server.end();
  }
}

/**
 * Takes the next sample. Garbage collectors and servers notice released sockets late, so both are asked again until
 * they agree. After the time limit, their last figures count.
 */
async function sampleOf(client: Child, server: Child): Promise<Sample> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const measured = await client.next<Measured>();
    server.tell({ ask: "open" });
    const { open: sockets } = await server.next<{ open: number }>();
    const agreed = sockets === measured.open && measured.active === 0;
    if (agreed || performance.now() > until) return { ...measured, sockets };
    client.tell({ go: "again" });
  }
}

/** V8 needs a flag to force garbage collection. Bun has a function for it. */
function withGc(runtime: Runtime): Runtime {
  const [program = "", ...args] = runtime.command;
  if (runtime.name.startsWith("Bun")) return runtime;
  if (!runtime.name.startsWith("Deno")) return { ...runtime, command: [program, "--expose-gc", ...args] };
  return { ...runtime, command: [program, "run", "--v8-flags=--expose-gc", ...args.slice(1)] };
}
