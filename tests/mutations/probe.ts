/** The probe: `src/probe/`, and what the command makes of its report. */

import type { Mutation } from "./mutation.ts";

const BY_PROBE = { tests: "tests/probe/probe.test.ts" } as const;
const BY_HTTP2 = { tests: "tests/probe/probe-http2.test.ts" } as const;
const BY_ENDING = { tests: "tests/probe/tls-ending.test.ts" } as const;

/** Mutations of `src/probe/`. */
export const PROBE: readonly Mutation[] = [
  {
    breaks: "A probe looks closer at when connections are forgotten without a word",
    file: "src/probe/experiments/idle.ts",
    search: "if (bracket !== undefined) return [...first, ...(await round(lab, evenly(count, bracket)))];",
    replacement: "if (bracket !== undefined) return first;",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe looks twice at an idle limit",
    file: "src/probe/experiments/idle.ts",
    search: "if (lab.signal.aborted || again.every(agrees)) return [...first, ...again];",
    replacement: "if (lab.signal.aborted || again.some(() => true)) return [...first, ...again];",
    proof: BY_PROBE,
  },
  {
    breaks: "A connection in steady use never counts as idle",
    file: "src/probe/experiments/lifetime.ts",
    search: "const PART_OF_IDLE = 0.5;",
    replacement: "const PART_OF_IDLE = 1.5;",
    proof: BY_PROBE,
  },
  {
    breaks: "A connection in steady use ends by its age, not by its number of requests",
    file: "src/probe/experiments/lifetime.ts",
    search: "const most = (requests.value ?? Infinity) - 1;",
    replacement: "const most = Infinity + (requests.value ?? 0);",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe counts requests until one is the last",
    file: "src/probe/experiments/requests.ts",
    search: 'if (outcome.kind !== "answered" || !outcome.answer.persists) return outcome;',
    replacement: 'if (outcome.kind !== "answered") return outcome;',
    proof: BY_PROBE,
  },
  {
    breaks: "A probe tells whether TCP keepalive helps",
    file: "src/probe/probe.ts",
    search: 'if (what === "alive" && at > value) return',
    replacement: 'if (what === "alive" && at < value) return',
    proof: BY_PROBE,
  },
  {
    breaks: "A probe compares the idle limits of several addresses",
    file: "src/probe/experiments/habits.ts",
    search: "samples.filter((sample) => sample.address === address)",
    replacement: "samples.filter((sample) => sample.address !== address)",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe stops when the server has had enough",
    file: "src/probe/run.ts",
    search: "const isLimit = status === 429 ||",
    replacement: "const isLimit =",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe leaves no connection open",
    file: "src/probe/run.ts",
    search: "for (const connection of this.#open) connection.close();",
    replacement: "",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe has no more connections than it is allowed",
    file: "src/probe/run.ts",
    search: "this.#dials.size + this.#open.size >= this.settings.connections",
    replacement: "this.#dials.size + this.#open.size >= 2 * this.settings.connections",
    proof: { tests: "tests/probe/run.test.ts" },
  },
  {
    breaks: "A dial that fails costs a sample, not the probe",
    file: "src/probe/run.ts",
    search: "if (this.signal.aborted || error instanceof Enough) return undefined;",
    replacement: "if (!this.signal.aborted) throw error;",
    proof: BY_PROBE,
  },
  {
    breaks: "A link-local address needs yes, however it is written",
    file: "src/probe/probe-error.ts",
    search: '  "::ffff:a9fe:",\n',
    replacement: "",
    proof: BY_PROBE,
  },
  {
    breaks: "An answer that does not end is no silence",
    file: "src/probe/probe-connection.ts",
    search: 'if (this.#heard === 0) return { kind: "silence" };',
    replacement: 'if (timeoutMs > 0) return { kind: "silence" };',
    proof: BY_PROBE,
  },
  {
    breaks: "A probe reads no large answers",
    file: "src/probe/probe-connection.ts",
    search: "if (this.#heard > LARGEST_ANSWER) return this.#refuseAnswer();",
    replacement: "",
    proof: BY_PROBE,
  },
  {
    breaks: "An address that refuses is left out",
    file: "src/probe/greeting.ts",
    search: "return addresses.filter((address) => !failures.has(address));",
    replacement: "return addresses;",
    proof: BY_PROBE,
  },
  {
    breaks: "A probe over HTTP/2 heeds a GOAWAY that came behind the answer",
    file: "src/probe/probe-http2.ts",
    search: "persists: !this.#isLeaving,",
    replacement: "persists: true,",
    proof: BY_HTTP2,
  },
  {
    breaks: "A probe over HTTP/2 counts the connection's window",
    file: "src/probe/probe-http2.ts",
    search: "this.#connectionWindow += uint31(bytes, start);",
    replacement: "this.#connectionWindow = uint31(bytes, start);",
    proof: BY_HTTP2,
  },
  {
    breaks: "A complaint about PING is told from the end of an idle connection",
    file: "src/probe/experiments/ping-habits.ts",
    search: 'const isComplaint = said !== undefined && !said.startsWith("GOAWAY NO_ERROR");',
    replacement: "const isComplaint = said?.length === 0;",
    proof: BY_HTTP2,
  },
  {
    breaks: "Whether PINGs keep a connection open is seen on one that was pinged",
    file: "src/probe/experiments/ping-habits.ts",
    search: "return value === undefined || lab.signal.aborted ? undefined : isOpen;",
    replacement: "return value === undefined || lab.signal.aborted ? undefined : isOpen || value > 0;",
    proof: BY_HTTP2,
  },
  {
    breaks: "A server that speaks HTTP/2 only is measured",
    file: "src/probe/greeting.ts",
    search: "return { http1: undefined, http2 };",
    replacement: "throw http1;",
    proof: BY_HTTP2,
  },
  {
    breaks: "What came before a connection was quiet is no close_notify",
    file: "src/probe/tls-ending.ts",
    search: "  quiet(): void {\n    this.#type = 0;",
    replacement: "  quiet(): void {",
    proof: BY_ENDING,
  },
  {
    breaks: "A hidden alert of TLS 1.3 is known by its length",
    file: "src/probe/tls-ending.ts",
    search: "new Set([2 + 1 + 16, 2 + 1 + 8])",
    replacement: "new Set([2 + 1 + 8])",
    proof: BY_ENDING,
  },
];
