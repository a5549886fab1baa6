/** A trace: what a client did with its connections, in a form that can be compared between two clients. */

import type { ConnectionLog } from "./recorder.ts";

/** The result of one request: a status code, `"failed"` or `"hangs"`. */
export type Result = string;

export interface Trace {
  /** For each request, the letters of the connections on which it arrived, and its result. */
  readonly requests: readonly string[];
  readonly connections: readonly ConnectionEnd[];
}

export interface ConnectionEnd {
  readonly name: string;
  readonly by: "client" | "server" | "open";
  /** Ms from the server's last bytes to the end. */
  readonly afterMs: number;
}

/** Builds a trace. Letters follow the first request of each connection, because the order of accepting is random. */
export function traceOf(log: readonly ConnectionLog[], results: readonly Result[]): Trace {
  const ordered = [...log].sort((a, b) => (a.requests[0] ?? 0) - (b.requests[0] ?? 0));
  const requests = results.map((result, at) => {
    const names = ordered.flatMap((connection, index) =>
      connection.requests.filter((number) => number === at + 1).map(() => letter(index)),
    );
    return `${at + 1} ${names.length === 0 ? "–" : names.join(" ")} → ${result}`;
  });
  const connections = ordered.map(({ closed, answeredMs }, index) => ({
    name: letter(index),
    by: closed?.by ?? ("open" as const),
    afterMs: closed === undefined ? 0 : Math.max(0, closed.atMs - answeredMs),
  }));
  return { requests, connections };
}

function letter(index: number): string {
  return index < 26 ? String.fromCharCode(65 + index) : `#${index + 1}`;
}

export function formatTrace({ requests, connections }: Trace): string {
  const ends = connections.map(({ name, by, afterMs }) =>
    by === "client"
      ? `${name} closed by client after ${(afterMs / 1000).toFixed(1)} s`
      : `${name} ${endOf(by)}`,
  );
  return [...requests, ...ends].join(" · ");
}

function endOf(by: "server" | "open"): string {
  return by === "open" ? "open" : "closed by server";
}

/** The result of comparing two traces of one case. */
export type Comparison =
  /** Same requests on the same connections, with the same ends. */
  | "agree"
  /** Same requests on the same connections, but a connection was closed by the other side or at another time. */
  | "ends differ"
  | "differ";

/** Ends at most this far apart count as the same time: some timers count seconds, and the machine is loaded. */
const SAME_TIME_MS = 1200;

export function compare(one: Trace, other: Trace): Comparison {
  if (one.requests.join("\n") !== other.requests.join("\n")) return "differ";
  const same = one.connections.every((end, at) => sameEnd(end, other.connections[at]));
  return same && one.connections.length === other.connections.length ? "agree" : "ends differ";
}

function sameEnd(one: ConnectionEnd, other: ConnectionEnd | undefined): boolean {
  return other !== undefined && one.by === other.by && Math.abs(one.afterMs - other.afterMs) <= SAME_TIME_MS;
}

/** Whether `one` ends each connection at the same time as `other`, or sooner. */
export function endsSooner(one: Trace, other: Trace): boolean {
  return one.connections.every((end, at) => {
    const late = other.connections[at];
    if (late === undefined || sameEnd(end, late)) return late !== undefined;
    if (end.by === "client") return late.by !== "client" || end.afterMs <= late.afterMs;
    return end.by === "server" && late.by === "open";
  });
}
