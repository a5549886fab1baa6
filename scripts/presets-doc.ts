/** Writes docs/presets.md from the presets. With `--check` it only says whether the document is up to date. */

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { PoolOptions } from "../mod.ts";
import { CLIENTS, SERVERS } from "../src/cli/catalog.ts";
import { pingOf, streamsOf, windowsOf } from "../src/cli/http2-text.ts";
import {
  announcementOf,
  compareIdleTimes,
  type IdleComparison,
  idleMsAfter,
  sendsAgain,
} from "../src/cli/idle-comparison.ts";
import { formatMs } from "../src/contract/duration.ts";
import { resolveOptions } from "../src/options/resolve.ts";
import { nginx, tomcat } from "../src/presets/mod.ts";
import { type Http2Info, PRESET } from "../src/rules/preset-info.ts";
import type { ServerPreset } from "../src/rules/server-side.ts";

const FILE = new URL("../docs/presets.md", import.meta.url);

/** Servers of the table of comparisons. Tomcat is there twice, because the `server.xml` it is shipped with says 20 s. */
const COMPARED: Readonly<Record<string, ServerPreset>> = {
  nodeServer: SERVERS.nodeServer!(),
  httpd: SERVERS.httpd!(),
  "tomcat, 20 s": tomcat({ keepAliveTimeout: "20s" }),
  tomcat: tomcat(),
  nginx: nginx(),
  envoy: SERVERS.envoy!(),
};

/** The whole document. */
export function presetsDocument(): string {
  return `# Presets

\`scripts/presets-doc.ts\` writes this page from \`src/presets\`: please do not edit it.

Spread a preset into the options of a pool. Options after it override it:

<!-- runs -->
\`\`\`ts
import { createPool, presets } from "@holdfast/pool";

const pool = createPool({ ...presets.jdk({ keepAliveTimeServer: "10s" }), maxLifetime: "5m" });
\`\`\`

Most presets take the system's own settings as parameters. The documentation of each says which versions it follows, by which
source, and where it differs on purpose: nothing that would mix up responses is reproduced. \`pool.explain(origin)\` says for each
rule whether it comes from a preset. \`npx holdfast explain jdk --against httpd\` prints one preset and compares it with one server.

## Clients

- "Idle": the idle time if the server announces nothing, \`timeout=5\`, and \`timeout=0\`; one value if they are equal.
- "Unused": the same for a connection that has carried no request.
- "Connections" and "idle connections": limits per origin and in all.
- "Sent again": whether a GET and a POST are sent again after they met a closed connection.

${table(["preset", "system", "idle", "unused", "connections", "idle connections", "reuse order", "evicts", "GET, POST sent again", "TCP keepalive"], Object.keys(CLIENTS).map(clientRow))}

Through a proxy that forwards requests, Go, curl, java.net.http and Bun share connections among origins, as \`proxy\` does by
default. For all others add \`proxy: { url, pooling: "origin" }\`.

## Servers

These are for \`keepAlive()\` of \`@holdfast/pool/hono\`. Spread into a pool, they give a client the same limits. "Says": the fields of
a response to an HTTP/1.1 client that sent \`Connection: keep-alive\`.

${table(["preset", "system", "idle", "requests", "lifetime", "says"], Object.keys(SERVERS).map(serverRow))}

## HTTP/2

How the systems use HTTP/2, where that was looked up; \`npx holdfast explain go\` names the source of each. Idle time, requests and
lifetime are those of HTTP/1.1. "Streams": at a time on one connection; what a client assumes until the server says, what a server
announces. "Windows": of a stream, to begin with, and of the connection.

A pool with such a client preset speaks HTTP/2 with origins that choose it (\`http2\`), and pings as the system does (\`ping\`); with all
other client presets it does not. With a server preset it sends as many requests at a time (\`maxStreams\`). Not reproduced: a pool
opens another connection where the system waits, sends again what is proven unprocessed, and has its own windows.

${table(["preset", "streams", "when all are in use", "PING", "windows", "sent again, or how connections end"], http2Presets().map(http2Row))}

## Which side closes an idle connection first

The time after which the client closes an idle connection, and what follows. **safe**: the client is first. **race**: both close
within a second of each other. **late**: the server closes first, so requests may meet the close.

${table(["client ↓ server →", ...Object.entries(COMPARED).map(([name, server]) => `${name} (${formatMs(idleOf(server))})`)], Object.keys(CLIENTS).map(comparisonRow))}
`;
}

function http2Presets(): [string, Http2Info][] {
  return Object.entries({ ...CLIENTS, ...SERVERS }).flatMap(([name, make]) => {
    const info = make()[PRESET]?.http2;
    return info === undefined ? [] : [[name, info] as [string, Http2Info]];
  });
}

function http2Row([name, info]: readonly [string, Http2Info]): string[] {
  const { whenFull = "", ending } = info;
  return [`\`${name}\``, streamsOf(info), whenFull, pingOf(info), windowsOf(info), ending];
}

function clientRow(name: string): string[] {
  const options = CLIENTS[name]!();
  const { rules, tcpKeepAlive } = resolveOptions(options);
  const idle = [undefined, "timeout=5", "timeout=0"].map((value) => shortMs(idleMsAfter(options, value)));
  const unusedMs = Math.min(rules.idleTimeoutMs, rules.unusedIdleTimeoutMs);
  const evicts = [rules.evictPerOrigin, rules.evictInAll];
  return [
    `\`${name}\``,
    titleOf(options),
    new Set(idle).size === 1 ? (idle[0] ?? "") : idle.join(", "),
    shortMs(unusedMs),
    `${limit(rules.maxConnectionsPerOrigin)}, ${limit(rules.maxConnections)}`,
    `${limit(rules.maxIdlePerOrigin)}, ${limit(rules.maxIdle)}`,
    rules.reuseOrder,
    evicts[0] === evicts[1] ? rules.evictInAll : evicts.join(", "),
    [sendsAgain(options, "GET"), sendsAgain(options, "POST")].map((yes) => (yes ? "yes" : "no")).join(", "),
    tcpKeepAlive === false ? "off" : shortMs(tcpKeepAlive.idleMs ?? 0),
  ];
}

function serverRow(name: string): string[] {
  const server = SERVERS[name]!();
  const { rules } = resolveOptions(server);
  const { connection, keepAlive } = announcementOf(server);
  const says = [connection && `\`Connection: ${connection}\``, keepAlive && `\`Keep-Alive: ${keepAlive}\``];
  return [
    `\`${name}\``,
    titleOf(server),
    shortMs(rules.idleTimeoutMs),
    limit(rules.maxRequests),
    shortMs(rules.maxLifetimeMs),
    says.filter((field) => field !== undefined).join(", ") || "nothing",
  ];
}

const WORDS: Readonly<Record<IdleComparison["first"], string>> = {
  client: "safe",
  race: "**race**",
  server: "late",
  neither: "neither gives up",
};

function comparisonRow(name: string): string[] {
  const client = CLIENTS[name]!();
  const cells = Object.values(COMPARED).map((server) => {
    const found = compareIdleTimes(client, server);
    return `${shortMs(found.clientMs)} ${WORDS[found.first]}`;
  });
  return [`\`${name}\``, ...cells];
}

function idleOf(server: ServerPreset): number {
  return resolveOptions(server).rules.idleTimeoutMs;
}

function titleOf(preset: PoolOptions | ServerPreset): string {
  const { system, versions } = preset[PRESET] ?? {};
  return `${system} (${versions})`;
}

function shortMs(ms: number): string {
  if (ms === 0) return "0";
  return ms === Infinity ? "∞" : formatMs(ms);
}

function limit(count: number): string {
  return count === Infinity ? "∞" : String(count);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`);
  return lines.join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = presetsDocument();
  if (process.argv.includes("--check")) process.exit(readFileSync(FILE, "utf8") === wanted ? 0 : 1);
  writeFileSync(FILE, wanted);
}
