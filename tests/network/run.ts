/** Run: one case with one client, in a lab of its own, and its figures. */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findRuntime } from "../../bench/torture/runtimes.ts";
import type { NetworkCase } from "./cases.ts";
import { ADDRESSES, Lab } from "./lab.ts";
import type { ClientKind, ClientLine, ClientScript, OriginCounts, RelayRules, Sent } from "./script.ts";

/** From so long on a request counts as stalled, in ms. */
export const STALL_MS = 1000;

/** What one client came to in one case. */
export interface Figures {
  readonly sent: readonly Sent[];
  readonly medianMs: number;
  readonly worstMs: number;
  readonly stalled: number;
  readonly failed: number;
  /** How long after the end of an outage the last request was answered that had waited for it; `undefined` without one. */
  readonly recoveredMs: number | undefined;
  readonly origin: OriginCounts;
  /** Requests that the origin got beyond those that were sent. */
  readonly extra: number;
}

const PORT = 8080;
const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Node 24 needs no loader for the programs of the lab, and starts in a tenth of the time. */
const NODE = findRuntime("node24")?.command ?? [process.execPath, "--import", "tsx"];

/** Starts the relay in the middle, in front of the server's first address. */
async function relayOf(lab: Lab, rules: RelayRules, started: ChildProcess[]): Promise<ChildProcess> {
  const program = [...NODE, file("relay.ts"), String(PORT), ADDRESSES.server, JSON.stringify(rules)];
  const relay = lab.spawn("relay", program);
  started.push(relay);
  relay.stdin?.on("error", () => {});
  await linesOf(relay).next();
  return relay;
}

/** Runs `command`, a runtime with its flags, as the client. */
export async function runCase(
  test: NetworkCase,
  kind: ClientKind,
  command: readonly string[],
  options?: object,
): Promise<Figures> {
  const lab = new Lab();
  const started: ChildProcess[] = [];
  try {
    const origin = lab.spawn("server", [
      ...NODE,
      file("origin.ts"),
      String(PORT),
      String(test.originIdleMs),
      isHttp2(options) ? "h2" : "http/1.1",
    ]);
    started.push(origin);
    const originLines = linesOf(origin);
    await originLines.next();
    const relay = test.relay && (await relayOf(lab, test.relay, started));
    test.prepare(lab);
    const url = `http://${relay === undefined ? test.host : ADDRESSES.relay}:${PORT}`;
    const script: ClientScript = {
      kind,
      url,
      steps: test.steps,
      capMs: test.capMs,
      ...(options && { options }),
    };
    const client = lab.spawn("client", [...command, file("client.ts"), JSON.stringify(script)]);
    started.push(client);
    const { sent, wentAt } = await driven(
      client,
      (what) => test.change?.(lab, what, relay) ?? Promise.resolve(),
    );
    origin.stdin?.write("counts\n");
    const counts = JSON.parse((await originLines.next()).value) as OriginCounts;
    return figuresOf(
      sent,
      counts,
      test.recovers === true && lab.backAt !== undefined ? lab.backAt - wentAt : undefined,
    );
  } finally {
    for (const child of started) child.kill("SIGKILL");
    lab.close();
  }
}

/** Whether the options of a pool let it speak HTTP/2 without asking. */
function isHttp2(options: object | undefined): boolean {
  return options !== undefined && "http2" in options && options.http2 === "prior-knowledge";
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error("a program of the lab has no stdout");
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}

async function driven(
  client: ChildProcess,
  change: (what: string) => Promise<void>,
): Promise<{ sent: readonly Sent[]; wentAt: number }> {
  let wentAt = 0;
  const lines = linesOf(client);
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
    const said = JSON.parse(line.value) as ClientLine;
    if ("sent" in said) return { sent: said.sent, wentAt };
    await change(said.wait);
    client.stdin?.write("go\n");
    wentAt = performance.now();
  }
  throw new Error("the client ended without a report");
}

/** `outMs`: how long after the last word to the client the network was out. */
function figuresOf(sent: readonly Sent[], origin: OriginCounts, outMs: number | undefined): Figures {
  const times = sent.map(({ ms }) => ms).sort((one, other) => one - other);
  return {
    sent,
    medianMs: times[Math.floor(times.length / 2)] ?? 0,
    worstMs: times.at(-1) ?? 0,
    recoveredMs: outMs === undefined ? undefined : Math.max(0, (times.at(-1) ?? 0) - outMs),
    stalled: times.filter((ms) => ms >= STALL_MS).length,
    failed: sent.filter(({ error }) => error !== undefined).length,
    origin,
    extra: origin.requests - sent.length,
  };
}
