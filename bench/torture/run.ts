/** Run: runs one client after the other, each in a process of its own, against one server. */

import { AGENT_CLIENTS } from "./agent-clients.ts";
import { Child } from "./child.ts";
import type { ClientName } from "./clients.ts";
import { type Figures, judge } from "./judge.ts";
import { type ClientMessage, fromBase64, type Launch, type Ready, type Report } from "./protocol.ts";
import type { Runtime } from "./runtimes.ts";

/** How long FINs may travel, and a server may need to notice them, after a client has closed its pool. */
const SETTLE_MS = 30_000;
const LOOK_MS = 100;
/** An agent keeps 64 KiB of a request, of which the head takes some. */
const REPLAYED = 65_000;

export interface Torture {
  /** The server's runtime. It is the same for all clients. */
  readonly server: Runtime;
  readonly runtime: Runtime;
  readonly clients: readonly ClientName[];
  readonly requests: number;
  readonly seed: number;
  progress(client: ClientName, sent: number): void;
}

/** Runs all clients. Returns the figures of each. */
export async function torture(given: Torture): Promise<Map<ClientName, Figures>> {
  const server = await Child.run(given.server, new URL("./serve.ts", import.meta.url));
  const results = new Map<ClientName, Figures>();
  try {
    await server.next<Ready>();
    for (const [number, client] of given.clients.entries()) {
      results.set(client, await runClient(given, server, client, number));
    }
  } finally {
    await server.end();
  }
  return results;
}

async function runClient(
  given: Torture,
  server: Child,
  client: ClientName,
  number: number,
): Promise<Figures> {
  const { requests, seed } = given;
  server.tell({ ask: "turn-to", size: requests });
  const { ports } = await server.next<Ready>();
  const launch: Launch = { client, number, ports, requests, seed };
  const script = new URL("./client-process.ts", import.meta.url);
  const child = await Child.run(given.runtime, script, JSON.stringify(launch));
  try {
    const message = await outcome(child, (sent) => given.progress(client, sent));
    const report = await lastReport(server, message.closes);
    return judge({
      ...message,
      seed,
      outcomes: fromBase64(message.outcomes),
      executions: fromBase64(report.executions),
      fates: fromBase64(report.fates),
      leaked: report.open,
      connections: report.connections,
      ...(client in AGENT_CLIENTS && client.startsWith("holdfast") ? { replayBytes: REPLAYED } : undefined),
    });
  } finally {
    await child.end();
  }
}

/** The server's report after a client has closed its sockets, if it can. Sockets that stay open have leaked. */
async function lastReport(server: Child, closes: boolean): Promise<Report> {
  const until = performance.now() + (closes ? SETTLE_MS : 0);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    server.tell({ ask: "report" });
    const report = await server.next<Report>();
    if (report.open === 0 || performance.now() > until) return report;
  }
}

async function outcome(
  child: Child,
  progress: (sent: number) => void,
): Promise<Extract<ClientMessage, { outcomes: string }>> {
  for (;;) {
    const message = await child.next<ClientMessage>();
    if ("outcomes" in message) return message;
    progress(message.sent);
  }
}
