/** Mutations of `src/hono/`: both sides of a Hono application. */

import type { Mutation } from "./mutation.ts";

const ON_THE_WIRE = { tests: "tests/hono/inbound/keep-alive.test" } as const;
const NODE_SERVER = { tests: "tests/hono/inbound/node-http" } as const;
const CONNECTION_TABLE = { tests: "tests/hono/inbound/connection-table" } as const;
const UPSTREAM = { tests: "tests/hono/upstream/upstream" } as const;

/** Mutations of `src/hono/`, and of the rules that servers ask. */
export const HONO: readonly Mutation[] = [
  {
    breaks: "A server announces less than it keeps",
    file: "src/rules/server-side.ts",
    search: "Math.floor((idleTimeoutMs - GRACE_MS) / 1000)",
    replacement: "Math.floor(idleTimeoutMs / 1000)",
    proof: { tests: "tests/rules/server-side" },
  },
  {
    breaks: "What a preset announces is kept",
    file: "src/rules/server-side.ts",
    search: "Math.max(idleTimeoutMs, announcedMs + GRACE_MS)",
    replacement: "idleTimeoutMs",
    proof: { tests: "tests/rules/server-side" },
  },
  {
    breaks: "What is pipelined behind the last response is not executed",
    file: "src/hono/inbound/connection-tracker.ts",
    search: "if (record.closing || record.requests >= this.#policy.rules.maxRequests) return undefined;",
    replacement: "",
    proof: ON_THE_WIRE,
  },
  {
    breaks: "After its last response an address and port stand for a new connection",
    file: "src/hono/inbound/connection-tracker.ts",
    search: `if (typeof adapter.key === "string") this.#byAddress.remove(adapter.key);`,
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "The table of connections is bounded",
    file: "src/hono/inbound/connection-table.ts",
    search: "if (stalest !== undefined) this.#records.delete(stalest);",
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "A silent address and port is taken for gone",
    file: "src/hono/inbound/connection-table.ts",
    search: "if (now - record.lastSeenAt > silentMs && record.activeRequests === 0) return undefined;",
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "Node's own timeout gives way to the rule",
    file: "src/hono/inbound/node-adapter.ts",
    search: "if (isIdle()) this.key.setTimeout(this.#isServerClosing ? 1 : delay);",
    replacement: "",
    proof: NODE_SERVER,
  },
  {
    breaks: "The idle timeout does not run while a handler works",
    file: "src/hono/inbound/node-adapter.ts",
    search: "else this.key.setTimeout(before);",
    replacement: "",
    proof: NODE_SERVER,
  },
  {
    breaks: "A server that is closing ends its connections",
    file: "src/hono/inbound/node-adapter.ts",
    search: "return this.key.server?.listening === false;",
    replacement: "return false;",
    proof: { tests: "tests/hono/inbound/server-closing" },
  },
  {
    breaks: "No idle timeout of Bun's cuts a handler off",
    file: "src/hono/inbound/bun-adapter.ts",
    search: "    this.#bun.timeout(this.#request, NEVER);\n",
    replacement: "",
    proof: { tests: "tests/hono/inbound/server-environment" },
  },
  {
    breaks: "Nothing is said on HTTP/2",
    file: "src/hono/inbound/node-adapter.ts",
    search: "|| incoming.httpVersionMajor !== 1",
    replacement: "",
    proof: NODE_SERVER,
  },
  {
    breaks: "Fields of the upstream's connection are not passed on",
    file: "src/hono/upstream/upstream-requests.ts",
    search: "dropHopByHop(response.headers);",
    replacement: "",
    proof: UPSTREAM,
  },
  {
    breaks: "What a client's Connection names ends at the gateway, before its application edits",
    file: "src/hono/upstream/upstream.ts",
    search: "c.req.raw = withoutFieldsNamedByConnection(c.req.raw);",
    replacement: "",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "A client's credentials for a proxy are not passed on",
    file: "src/hono/upstream/hop-by-hop.ts",
    search: `  "proxy-authorization",\n`,
    replacement: "",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "A client's fault is not the gateway's",
    file: "src/hono/upstream/upstream-requests.ts",
    search: "clientErrorFor(thrown, this.#inbound)",
    replacement: "thrown",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "Content-Length is not passed on beside Transfer-Encoding",
    file: "src/http1/parse/framing.ts",
    search: `spelled.replace(LENGTH_LINES, "")`,
    replacement: "spelled",
    proof: { tests: "tests/http1/framing" },
  },
  {
    breaks: "A response is the runtime's own, whatever stands in its place",
    file: "src/fetch/fetch-response.ts",
    search: "const Native = nativeResponse();",
    replacement: "const Native = Response;",
    proof: { tests: "tests/hono/upstream/returned-responses" },
  },
  {
    breaks: "What is whole has one framing",
    file: "src/fetch/make-response.ts",
    search: `headers.delete("transfer-encoding");`,
    replacement: "",
    proof: { tests: "tests/hono/upstream/returned-responses" },
  },
  {
    breaks: "The client's abort ends its upstream requests",
    file: "src/hono/upstream/client-disconnect.ts",
    search: `else inbound.addEventListener("abort", this.#onAbort, { once: true });`,
    replacement: "",
    proof: UPSTREAM,
  },
  {
    breaks: "HEAD takes no viewer's place",
    file: "src/hono/status/pool-status.ts",
    search: `if (c.req.raw.method === "HEAD") return`,
    replacement: `if (c.req.raw.method === "NONE") return`,
    proof: { tests: "tests/hono/status/pool-status" },
  },
  {
    breaks: "The metrics of a pool with thousands of origins are bounded",
    file: "src/metrics/prometheus.ts",
    search: "this.#known.size < MAX_ORIGINS",
    replacement: "this.#known.size < Infinity",
    proof: { tests: "tests/hono/status/busiest-origins" },
  },
  {
    breaks: "A pool of one request outlives it until the body has been sent",
    file: "src/hono/upstream/upstream.ts",
    search: "if (body === null) return close();",
    replacement: "return close();",
    proof: UPSTREAM,
  },
];
