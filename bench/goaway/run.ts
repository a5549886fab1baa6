/** Run: runs clients against origins, each in a process of its own, and judges the outcome. */

import { Child } from "../torture/child.ts";
import type { Runtime } from "../torture/runtimes.ts";
import type { ClientName } from "./clients.ts";
import type { Origin, OriginKind } from "./origins.ts";
import type { Launch, Outcome, Seen } from "./protocol.ts";

/** The figures of one client against one origin. */
export interface Figures extends Outcome, Seen {
  readonly requests: number;
  /** The most connections that the origin's limit justifies. */
  readonly allowed: number;
}

export interface Plan {
  readonly runtime: Runtime;
  readonly requests: number;
  /** How many run at the same time. */
  readonly together: number;
}

/** Each run has a name of its own, so that an origin tells them apart. */
let runs = 0;

export async function runClient(
  plan: Plan,
  kind: OriginKind,
  origin: Origin,
  client: ClientName,
): Promise<Figures> {
  const { requests, together, runtime } = plan;
  runs += 1;
  const run = `r${runs}`;
  await origin.turnTo(run);
  const launch: Launch = { client, run, port: origin.port, requests, together };
  const script = new URL("./client-process.ts", import.meta.url);
  const child = await Child.run(runtime, script, JSON.stringify(launch));
  try {
    const outcome = await child.next<Outcome>();
    return { ...outcome, ...(await origin.seen()), requests, allowed: allowed(plan, kind.limit) };
  } finally {
    await child.end();
  }
}

/** Streams that a connection carries at a time, at the least: what is assumed until the server says more. */
const STREAMS = 100;

/** As many connections as the limit and the streams ask for, and one: the first teaches the limit. */
function allowed({ requests, together }: Plan, limit: number): number {
  const successive = limit === Infinity ? 1 : Math.ceil(requests / limit);
  return successive + Math.ceil(together / STREAMS);
}

/** Whether nothing failed, nothing was executed twice, and no needless connection was opened. */
export function isFlawless(figures: Figures): boolean {
  return figures.right === figures.requests && figures.twice === 0 && figures.connections <= figures.allowed;
}
