/** The server side of a Hono application (`inbound`), its client side (`upstream`), and the status page. */

import type { Mutation } from "./mutation.ts";

const ON_THE_WIRE = { tests: "tests/hono/inbound/keep-alive.test" } as const;
const NODE_SERVER = { tests: "tests/hono/inbound/node-http" } as const;
const HTTP2 = { tests: "tests/hono/inbound/http2" } as const;
const CONNECTION_TABLE = { tests: "tests/hono/inbound/connection-table" } as const;
const UPSTREAM = { tests: "tests/hono/upstream/upstream" } as const;

/** Mutations of `src/hono/`, and of the rules that servers ask. */
export const HONO: readonly Mutation[] = [
  {
    breaks: "drain() makes each response the last on its connection",
    file: "src/hono/inbound/connection-tracker.ts",
    search: "return this.#isDraining && record",
    replacement: "return !this.#isDraining && record",
    proof: { tests: "tests/hono/inbound/shutdown" },
  },
  {
    breaks: "A server behind a balancer that closes idle connections keeps them longer",
    file: "src/presets/balancers.ts",
    search: "theirMs + BALANCER_DISTANCE_MS",
    replacement: "theirMs - BALANCER_DISTANCE_MS",
    proof: { tests: "tests/hono/inbound/behind" },
  },
  {
    breaks: "A server announces a shorter idle timeout than it applies",
    file: "src/rules/server-side.ts",
    search: "Math.floor((idleTimeoutMs - GRACE_MS) / 1000)",
    replacement: "Math.floor(idleTimeoutMs / 1000)",
    proof: { tests: "tests/rules/server-side" },
  },
  {
    breaks: "A server keeps an idle connection at least as long as its preset announces",
    file: "src/rules/server-side.ts",
    search: "Math.max(idleTimeoutMs, announcedMs + GRACE_MS)",
    replacement: "idleTimeoutMs",
    proof: { tests: "tests/rules/server-side" },
  },
  {
    breaks: "A request that is pipelined after the last allowed one is not executed",
    file: "src/hono/inbound/connection-tracker.ts",
    search: "if (isSpent && adapter.goaway === undefined) return undefined;",
    replacement: "",
    proof: ON_THE_WIRE,
  },
  {
    breaks: "Over HTTP/2 a connection ends at its lifetime though it is never idle",
    file: "src/hono/inbound/connection-tracker.ts",
    search: "if (adapter.goaway === undefined && record.requests !== requestNumber) return undefined;",
    replacement: "if (record.requests !== requestNumber || adapter.goaway !== undefined) return undefined;",
    proof: HTTP2,
  },
  {
    breaks: "Over HTTP/2 a request that the client cancelled counts as ended",
    file: "src/hono/inbound/http2-adapter.ts",
    search: "if (this.#isDone) wait();",
    replacement: "if (this.#isDone) return;",
    proof: HTTP2,
  },
  {
    breaks: "After its last response, the same address and port count as a new connection",
    file: "src/hono/inbound/connection-tracker.ts",
    search: `if (typeof adapter.key === "string") this.#byAddress.remove(adapter.key);`,
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "The table of inbound connections is bounded",
    file: "src/hono/inbound/connection-table.ts",
    search: "if (stalest !== undefined) this.#records.delete(stalest);",
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "An address and port that were silent for long count as a new connection",
    file: "src/hono/inbound/connection-table.ts",
    search: "if (now - record.lastSeenAt > silentMs && record.activeRequests === 0) return undefined;",
    replacement: "",
    proof: CONNECTION_TABLE,
  },
  {
    breaks: "The idle timeout of the rules replaces Node's own keepAliveTimeout",
    file: "src/hono/inbound/node-adapter.ts",
    search: "if (isIdle()) this.key.setTimeout(this.#isServerClosing ? 1 : delay);",
    replacement: "",
    proof: NODE_SERVER,
  },
  {
    breaks: "The idle timeout does not run while a handler is at work",
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
    breaks: "Bun's idle timeout does not cut off a slow handler",
    file: "src/hono/inbound/bun-adapter.ts",
    search: "    this.#bun.timeout(this.#request, NEVER);\n",
    replacement: "",
    proof: { tests: "tests/hono/inbound/server-environment" },
  },
  {
    breaks: "No Connection or Keep-Alive field is set on an HTTP/2 response",
    file: "src/hono/inbound/node-adapter.ts",
    search: "|| incoming.httpVersionMajor !== 1",
    replacement: "",
    proof: HTTP2,
  },
  {
    breaks: "Hop-by-hop fields of an upstream response are not passed on to the client",
    file: "src/hono/upstream/upstream-requests.ts",
    search: "dropHopByHop(response.headers);",
    replacement: "",
    proof: UPSTREAM,
  },
  {
    breaks:
      "Fields that a client's Connection header names are removed before the application edits the request",
    file: "src/hono/upstream/upstream.ts",
    search: "c.req.raw = withoutFieldsNamedByConnection(original);",
    replacement: "",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "Hops that a client forges do not reach the upstream",
    file: "src/hono/forward/forwarding-fields.ts",
    search: "if (trusted === false) return [];",
    replacement: "if (trusted === false) return list;",
    proof: { tests: "tests/hono/forward/forward" },
  },
  {
    breaks: "A request that the gateway has forwarded before is answered with 508",
    file: "src/hono/forward/outgoing-fields.ts",
    search: "if (hasPassed(received, name)) throw new LoopError(name);",
    replacement: "",
    proof: { tests: "tests/hono/forward/forward" },
  },
  {
    breaks: "No field of the client is taken for one that edit has set",
    file: "src/hono/forward/forward.ts",
    search: "  removeLookalikes(headers);\n",
    replacement: "",
    proof: { tests: "tests/hono/forward/forward" },
  },
  {
    breaks: "A client's Proxy-Authorization is not passed on",
    file: "src/hono/upstream/hop-by-hop.ts",
    search: `  "proxy-authorization",\n`,
    replacement: "",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "An error that the client caused is not reported as a gateway error",
    file: "src/hono/upstream/upstream-requests.ts",
    search: "clientErrorFor(thrown, this.#inbound)",
    replacement: "thrown",
    proof: { tests: "tests/hono/upstream/hop-by-hop" },
  },
  {
    breaks: "A Content-Length is not passed on when Transfer-Encoding stands beside it",
    file: "src/http1/parse/framing.ts",
    search: `spelled.replace(LENGTH_LINES, "")`,
    replacement: "spelled",
    proof: { tests: "tests/http1/framing" },
  },
  {
    breaks: "A response is of the runtime's own class, even where the global Response was replaced",
    file: "src/fetch/fetch-response.ts",
    search: "const Native = nativeResponse();",
    replacement: "const Native = Response;",
    proof: { tests: "tests/hono/upstream/returned-responses" },
  },
  {
    breaks: "A response whose body is already complete has one framing: no Transfer-Encoding",
    file: "src/fetch/make-response.ts",
    search: `headers.delete("transfer-encoding");`,
    replacement: "",
    proof: { tests: "tests/hono/upstream/returned-responses" },
  },
  {
    breaks: "A client that disconnects aborts its upstream requests",
    file: "src/hono/upstream/client-disconnect.ts",
    search: `else inbound.addEventListener("abort", this.#onAbort, { once: true });`,
    replacement: "",
    proof: UPSTREAM,
  },
  {
    breaks: "A HEAD request to the status page does not use up a viewer's place",
    file: "src/hono/status/pool-status.ts",
    search: `if (c.req.raw.method === "HEAD") return`,
    replacement: `if (c.req.raw.method === "NONE") return`,
    proof: { tests: "tests/hono/status/pool-status" },
  },
  {
    breaks: "The metrics of a pool with thousands of origins have a bounded number of series",
    file: "src/metrics/prometheus.ts",
    search: "this.#known.size < MAX_ORIGINS",
    replacement: "this.#known.size < Infinity",
    proof: { tests: "tests/hono/status/busiest-origins" },
  },
  {
    breaks: "A pool made for one request is closed only when the response body has been sent",
    file: "src/hono/upstream/upstream.ts",
    search: "if (body === null) return close();",
    replacement: "return close();",
    proof: UPSTREAM,
  },
];
