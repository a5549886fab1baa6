/** HTTP/2 scenarios: many requests at a time on one TLS connection, to servers that people run. */

import type { Scenario } from "./scenarios.ts";

const MIB = 1024 * 1024;

const GET = {
  read: "text",
  expected: 100,
  upload: 0,
  tls: true,
  path: "/small",
  base: "node:http2",
} as const;
const BYTES = { ...GET, read: "bytes" } as const;
/** Holdfast's own HTTP/1.1 with 50 connections takes part where small requests show what multiplexing is worth. */
const PEERS = ["built-in fetch", "undici request", "node:http2", "Go net/http"];
const WITH_HTTP1 = [...PEERS, "holdfast HTTP/1.1"];
/** The ceiling of every client in JavaScript: bodies are collected where they are large. */
const RAW = "raw HTTP/2";
const RAW_BODIES = "raw HTTP/2, bodies";

/** In the order in which they run. `connections` is the number of requests at a time. */
export const HTTP2_SCENARIOS: readonly Scenario[] = [
  {
    ...GET,
    name: "h2-nginx",
    title: "HTTP/2: 100-byte answers of nginx, 100 streams on one connection",
    server: "nginx",
    connections: 100,
    peers: [...WITH_HTTP1, "holdfast fetch HTTP/1.1", "reqwest", RAW],
  },
  {
    ...GET,
    name: "h2-nghttpd",
    title: "HTTP/2: 100-byte answers of nghttpd, 100 streams on one connection",
    server: "nghttpd",
    connections: 100,
    peers: [...PEERS, "reqwest", RAW],
  },
  {
    ...GET,
    name: "h2-one",
    title: "HTTP/2: 100-byte answers of nginx, one after the other",
    server: "nginx",
    connections: 1,
    peers: PEERS,
  },
  {
    ...BYTES,
    name: "h2-medium",
    title: "HTTP/2: 16 KiB answers of nginx, 50 streams on one connection",
    server: "nginx",
    path: "/medium",
    connections: 50,
    expected: 16_384,
    peers: [...WITH_HTTP1, RAW_BODIES],
  },
  {
    ...BYTES,
    name: "h2-large",
    title: "HTTP/2: 1 MiB answers of nginx, 16 streams on one connection",
    server: "nginx",
    path: "/large",
    connections: 16,
    expected: MIB,
    peers: [...PEERS, RAW_BODIES],
  },
  {
    ...GET,
    name: "h2-upload",
    title: "HTTP/2: 1 MiB uploads from a stream to nghttpd, 4 streams on one connection",
    server: "nghttpd",
    connections: 4,
    upload: MIB,
    peers: ["built-in fetch", "undici request", "node:http2", RAW],
  },
];

/** The clients that run one of these scenarios on a runtime, ours first. */
export function http2ClientsOf({ peers = [] }: Scenario, runtime: string): string[] {
  const ours = ["holdfast request", "holdfast fetch"];
  const own: Readonly<Record<string, readonly string[]>> = {
    "Node 24": ["undici request"], // its own fetch speaks HTTP/1.1
    Deno: ["built-in fetch"],
    Bun: ["built-in fetch"],
  };
  const possible = own[runtime];
  if (possible === undefined) return [];
  const http1 = ["holdfast HTTP/1.1", "holdfast fetch HTTP/1.1"];
  const others = [...http1, ...possible, "node:http2", RAW, RAW_BODIES];
  return [...ours, ...others.filter((peer) => peers.includes(peer))];
}
