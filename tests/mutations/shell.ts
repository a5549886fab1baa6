/** Mutations of what joins HTTP/2 to pool, exchange and options. */

import type { Mutation } from "./mutation.ts";

const BY_POOL = { tests: "tests/http2/pool.test.ts" } as const;
const BY_NEGOTIATION = { tests: "tests/http2/negotiation.test.ts" } as const;

/** Mutations of what joins HTTP/2 to the rest. */
export const SHELL: readonly Mutation[] = [
  {
    breaks: "A request over HTTP/2 that says close ends its connection",
    file: "src/exchange/ending.ts",
    search: 'return end ?? (close ? "not-persistent" : undefined);',
    replacement: "return end;",
    proof: BY_POOL,
  },
  {
    breaks: "A final head lets the body go over HTTP/2",
    file: "src/exchange/exchange.ts",
    search: 'this.#phase === "continue" && lease.connection.multiplexed && head.status < 300',
    replacement: 'this.#phase === "continue" && head.status < 200',
    proof: BY_POOL,
  },
  {
    breaks: "What a server said first is heard before the first request",
    file: "src/pool/pool.ts",
    search: "early?.passTo(connection);",
    replacement: "",
    proof: BY_NEGOTIATION,
  },
  {
    breaks: "In HTTP/1.1 no server speaks first",
    file: "src/pool/connect/early-bytes.ts",
    search: 'if (this.#size > 0 && protocol === "http/1.1")',
    replacement: "if (this.#size < 0)",
    proof: BY_NEGOTIATION,
  },
  {
    breaks: "A server without TLS may speak first through a tunnel",
    file: "src/proxy/proxy-dialer.ts",
    search: 'tls === undefined && origin.upgrades !== true && settings.http2 === "prior-knowledge"',
    replacement: "false",
    proof: BY_POOL,
  },
  {
    breaks: "One connect attempt decides for an unknown origin",
    file: "src/create-pool.ts",
    search: "? Infinity : 1;",
    replacement: "? 1 : 1;",
    proof: BY_NEGOTIATION,
  },
  {
    breaks: "HTTP/2 is not offered if it is off",
    file: "src/pool/connect/tls-targets.ts",
    search: "if (http2 === false) return ALPN_HTTP1;",
    replacement: "",
    proof: BY_NEGOTIATION,
  },
  {
    breaks: "A transport without ALPN is reported only if HTTP/2 was asked for",
    file: "src/pool/connect/tls-targets.ts",
    search: 'http2.mode === "alpn" && http2.chosen && ',
    replacement: 'http2.mode === "alpn" && ',
    proof: BY_NEGOTIATION,
  },
  {
    breaks: "A field that frames a message is no trailer",
    file: "src/fetch/request-trailers.ts",
    search: "NOT_BEHIND.includes(name)",
    replacement: "name === undefined",
    proof: { tests: "tests/fetch/request-trailers.test.ts" },
  },
  {
    breaks: "An unknown option of another client is told its name here only where that option exists",
    file: "src/options/checks.ts",
    search: "here !== undefined && names.includes",
    replacement: "here !== undefined || names.includes",
    proof: { tests: "tests/options/foreign-names" },
  },
  {
    breaks: "A server of the testing kit that forgets a connection does not close it",
    file: "src/testing/habitual-peer.ts",
    search: "if (this.#habits.silent) this.#over();",
    replacement: "if (this.#habits.silent) this.#leave();",
    proof: { tests: "tests/testing/simulate" },
  },
  {
    breaks: "A lifetime moves clients to servers that were added",
    file: "src/testing/balance.ts",
    search: "now < plan.scaleAtMs ? plan.replicas : plan.scaleTo",
    replacement: "plan.replicas",
    proof: { tests: "tests/testing/simulate" },
  },
];
