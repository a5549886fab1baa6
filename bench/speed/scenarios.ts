/** Scenarios: what is requested, over how many connections, and by which clients. */

import { HTTP2_SCENARIOS, http2ClientsOf } from "./http2-scenarios.ts";
import type { UploadBody } from "./launch.ts";
import type { Runtime } from "./runtimes.ts";

/** One scenario. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly connections: number;
  readonly read: "text" | "bytes";
  readonly expected: number;
  readonly upload: number;
  /** What is uploaded. @default "stream" */
  readonly body?: UploadBody;
  /** Whether each request opens a connection of its own. */
  readonly fresh?: boolean;
  /** How many origins are visited at random. @default 1 */
  readonly origins?: number;
  /**
   * Requests come whether or not earlier ones were answered, at this share of what the best peer of the runtime does when each answer
   * is followed by a request.
   */
  readonly share?: number;
  readonly tls: boolean;
  /** The HTTP/2 server that answers. By default it is the bench's own origin, which speaks HTTP/1.1. */
  readonly server?: "nginx" | "nghttpd";
  /** The client that the others are compared with. @default "built-in fetch" */
  readonly base?: string;
  /** The other clients that take part; all of the runtime's clients by default. */
  readonly peers?: readonly string[];
}

const GET = { read: "text", expected: 100, upload: 0, tls: false, path: "/small" } as const;
const STRONGEST = ["undici dispatch", "undici request", "node:http", "raw socket"];
/** Without the raw socket, which collects nothing: it discards large bodies faster than the origin can send them. */
const COLLECTING = STRONGEST.filter((peer) => peer !== "raw socket");
/** A pool as the dispatcher of others. */
const UNDER_UNDICI = [
  "holdfast under undici request",
  "holdfast under undici dispatch",
  "holdfast under undici fetch",
  "holdfast under fetch",
];
const MIB = 1024 * 1024;

/** What users wait for: a client that is late does not hide it, because a latency begins when the request was due. */
const OPEN_LOOP: readonly Scenario[] = [0.2, 0.5, 0.8].map((share) => ({
  ...GET,
  name: `open-${100 * share}`,
  title: `Open loop: 100-byte answers at ${100 * share} % of what the best peer can do, 50 connections`,
  connections: 50,
  share,
  peers: COLLECTING,
}));

const UPLOAD = { ...GET, path: "/upload", connections: 50, expected: 20, upload: 16_384 } as const;
/** `node:http` has no forms. */
const UPLOADS: readonly Scenario[] = [
  {
    ...UPLOAD,
    name: "upload-bytes",
    title: "16 KiB uploads of bytes in memory, 50 connections",
    body: "bytes",
    peers: ["undici request", "node:http"],
  },
  {
    ...UPLOAD,
    name: "upload-blob",
    title: "16 KiB uploads of a Blob, 50 connections",
    body: "blob",
    peers: ["undici request", "node:http"],
  },
  {
    ...UPLOAD,
    name: "upload-form",
    title: "Uploads of a form with a file of 16 KiB, 50 connections",
    body: "form",
    peers: ["undici request", "undici fetch"],
  },
];

/** All scenarios, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  { ...GET, name: "small", title: "100-byte answers, 50 connections", connections: 50 },
  { ...GET, name: "one", title: "100-byte answers, 1 connection", connections: 1, peers: STRONGEST },
  { ...GET, name: "many", title: "100-byte answers, 256 connections", connections: 256, peers: STRONGEST },
  {
    ...GET,
    name: "medium",
    title: "16 KiB answers, 50 connections",
    path: "/medium",
    connections: 50,
    read: "bytes",
    expected: 16_384,
    peers: STRONGEST,
  },
  {
    ...GET,
    name: "large",
    title: "1 MiB answers, 4 connections",
    path: "/large",
    connections: 4,
    read: "bytes",
    expected: MIB,
    peers: COLLECTING,
  },
  {
    ...GET,
    name: "chunked",
    title: "16 KiB answers in chunks, 50 connections",
    path: "/chunked",
    connections: 50,
    expected: 16_384,
    peers: COLLECTING,
  },
  {
    ...GET,
    name: "upload",
    title: "1 MiB uploads from a stream, 4 connections",
    path: "/upload",
    connections: 4,
    expected: 20,
    upload: MIB,
    peers: ["undici request", "node:http"],
  },
  {
    ...GET,
    name: "tls",
    title: "100-byte answers over TLS, 50 connections",
    connections: 50,
    tls: true,
    peers: ["undici dispatch", "undici request", "node:http"],
  },
  {
    ...GET,
    name: "dispatcher",
    title: "100-byte answers, 50 connections, through undici and Node's fetch",
    connections: 50,
    base: "undici request",
    peers: ["undici request", "undici dispatch", "undici fetch"],
  },
  {
    ...GET,
    name: "agent",
    title: "100-byte answers, 50 connections, through node:http",
    connections: 50,
    base: "node:http",
    peers: ["node:http", "agentkeepalive"],
  },
  ...UPLOADS,
  {
    ...GET,
    name: "tls-new",
    title: "100-byte answers over TLS, a new connection for each, 16 at a time",
    connections: 16,
    tls: true,
    fresh: true,
    peers: ["undici request", "node:http"],
  },
  {
    ...GET,
    name: "origins",
    title: "100-byte answers of 1,000 origins at random, 2 connections to each, 50 at a time",
    connections: 50,
    origins: 1000,
    peers: ["undici request", "node:http"],
  },
  ...OPEN_LOOP,
  ...HTTP2_SCENARIOS,
];

/** The client that the others are compared with. */
export function baseOf({ base = "built-in fetch" }: Scenario): string {
  return base;
}

/** The clients that run a scenario on a runtime, ours first. */
export function clientsOf(scenario: Scenario, runtime: Runtime): string[] {
  if (scenario.server !== undefined) return http2ClientsOf(scenario, runtime.name);
  const { peers, tls, name, origins } = scenario;
  // undici 8 needs Node 22, and Deno's and Bun's own fetch have no dispatcher.
  if (name === "dispatcher")
    return runtime.name === "Node 24" ? [...UNDER_UNDICI, "built-in fetch", ...(peers ?? [])] : [];
  if (name === "agent")
    return ["holdfast under node:http", ...runtime.peers.filter((peer) => peers?.includes(peer) === true)];
  const raw = tls || origins !== undefined ? [] : ["raw socket"];
  const possible = [...runtime.peers, ...raw].filter((peer) => peers === undefined || peers.includes(peer));
  // Bun 1.4 takes no additional root certificate for node:http and undici.
  const trusted =
    tls && runtime.name === "Bun" ? possible.filter((peer) => peer !== "undici request") : possible;
  const isMain = ["Node 24", "Deno", "Bun"].includes(runtime.name);
  return isMain || name === "small"
    ? ["holdfast request", "holdfast fetch", "built-in fetch", ...trusted]
    : [];
}
