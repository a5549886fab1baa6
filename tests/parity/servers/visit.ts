/** A visit: a raw client records what a server announces on a connection, and when the server ends it. */

import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SetupName } from "./server-system.ts";

export interface Visit {
  readonly name: string;
  readonly setup: SetupName;
  /** Requests as sent on the wire, with the pauses between them. */
  readonly requests: readonly string[];
  readonly gapMs: number;
  /** How long to wait for the end of the connection after the last response. */
  readonly patienceMs: number;
}

/** What the client recorded. */
export interface Seen {
  /** Status, `Connection` and `Keep-Alive` of each response. */
  readonly responses: readonly string[];
  /** Ms from the last response to the server's FIN; `undefined` if it did not come. */
  readonly closedMs: number | undefined;
}

/** Time limit for a response. */
const RESPONSE_MS = 5000;
const LOOK_MS = 10;

export async function visit(port: number, { requests, gapMs, patienceMs }: Visit): Promise<Seen> {
  const socket = connect(port, "127.0.0.1");
  const state = { text: "", lastMs: performance.now(), closedAt: undefined as number | undefined };
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    state.text += chunk.toString("latin1");
    state.lastMs = performance.now();
  });
  const over = (): void => {
    state.closedAt ??= performance.now();
  };
  socket.on("end", over);
  socket.on("error", over);
  socket.on("close", over);
  try {
    for (const [at, request] of requests.entries()) {
      if (at > 0) await until(() => state.closedAt !== undefined, gapMs);
      if (state.closedAt !== undefined) break;
      socket.write(request);
      await until(() => heads(state.text).length > at || state.closedAt !== undefined, RESPONSE_MS);
    }
    await until(() => state.closedAt !== undefined, patienceMs);
    const closedMs = state.closedAt === undefined ? undefined : Math.max(0, state.closedAt - state.lastMs);
    return { responses: heads(state.text).map(summary), closedMs };
  } finally {
    socket.destroy();
  }
}

async function until(done: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!done() && performance.now() < end) await sleep(LOOK_MS);
}

/** Finds the heads of responses. The bodies contain no status line. */
function heads(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.[01] \d{3}[\s\S]*?\r\n\r\n/g)].map(([head]) => head);
}

function summary(head: string): string {
  const status = head.split(" ")[1] ?? "";
  return [status, ...["connection", "keep-alive"].map((name) => field(head, name))].join(" ").trimEnd();
}

function field(head: string, name: string): string {
  const lines = [...head.matchAll(new RegExp(`^${name}:[ \t]*(.*?)\r?$`, "gim"))].map(([, value]) => value);
  return lines.length === 0 ? "" : `${name}: ${lines.join(" + ").toLowerCase()}`;
}

export function formatSeen({ responses, closedMs }: Seen): string {
  const end = closedMs === undefined ? "stays open" : `closed after ${(closedMs / 1000).toFixed(1)} s`;
  return `${responses.join(" · ")} · ${end}`;
}

/** Tolerance for the timers on both sides, on a loaded machine. */
const SAME_TIME_MS = 750;

export function sameSeen(one: Seen, other: Seen): boolean {
  if (one.responses.join("\n") !== other.responses.join("\n")) return false;
  if (one.closedMs === undefined || other.closedMs === undefined) return one.closedMs === other.closedMs;
  return Math.abs(one.closedMs - other.closedMs) <= SAME_TIME_MS;
}
