/** Mutations of `src/rules/`. */

import type { Mutation } from "./mutation.ts";

/** Mutations of `src/rules/`. */
export const RULES: readonly Mutation[] = [
  {
    breaks: "A connection is kept if and only if now is before its end",
    file: "src/rules/verdict.ts",
    search: "return now < until ?",
    replacement: "return now <= until ?",
    proof: { tests: "tests/rules/verdict" },
  },
  {
    breaks: "An announced timeout ends a connection's idle time",
    file: "src/rules/verdict.ts",
    search: "    facts.idleSince + hintedIdleMs(facts, rules),\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A connection is given up a margin before the announced timeout",
    file: "src/rules/verdict.ts",
    search: "Math.max(MIN_MARGIN_MS, 2 * facts.roundTripMs)",
    replacement: "0",
    proof: "simulation",
  },
  {
    breaks: "What was learned of a server ends a connection's idle time",
    file: "src/rules/verdict.ts",
    search: "    facts.idleSince + (facts.learnedIdleMs ?? Infinity),\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A connection carries no more than maxRequests",
    file: "src/rules/verdict.ts",
    search: "facts.requests >= rules.maxRequests",
    replacement: "facts.requests > rules.maxRequests",
    proof: "simulation",
  },
  {
    breaks: "A connection whose announced requests are used up carries no other",
    file: "src/rules/verdict.ts",
    search: "facts.hints.remaining <= 0",
    replacement: "facts.hints.remaining < 0",
    proof: "simulation",
  },
  {
    breaks: "A POST takes only a connection that is proven fresh",
    file: "src/rules/verdict.ts",
    search: "return idleMs < proven;",
    replacement: "return idleMs <= proven || idleMs > 0;",
    proof: "simulation",
  },
  {
    breaks: "A connection does not outlive maxLifetime",
    file: "src/rules/verdict.ts",
    search: "    facts.expiresAt,\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A POST that was written is not sent again",
    file: "src/rules/retry.ts",
    search: "!attempt.repeatable || ",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "Nothing is sent again once a response has begun",
    file: "src/rules/retry.ts",
    search: " || attempt.responded) return",
    replacement: ") return",
    proof: "simulation",
  },
  {
    breaks: "A request is sent again once, not twice",
    file: "src/rules/retry.ts",
    search: "export const MAX_RESENDS = 1;",
    replacement: "export const MAX_RESENDS = 2;",
    proof: { tests: "tests/rules/retry" },
  },
  {
    breaks: "The learned limit lies below the smallest close",
    file: "src/rules/learned.ts",
    search: "idleMs - marginMs(idleMs, roundTripMs)",
    replacement: "idleMs + marginMs(idleMs, roundTripMs)",
    proof: { tests: "tests/rules/learned" },
  },
  {
    breaks: "maxConnections is never exceeded",
    file: "src/rules/limits.ts",
    search: "counts.totalOpen < limits.maxConnections",
    replacement: "counts.totalOpen <= limits.maxConnections",
    proof: "simulation",
  },
  {
    breaks: "maxConnectionsPerOrigin is never exceeded",
    file: "src/rules/limits.ts",
    search: "counts.originOpen >= limits.maxConnectionsPerOrigin",
    replacement: "counts.originOpen > limits.maxConnectionsPerOrigin",
    proof: "simulation",
  },
  {
    breaks: "Connection: close wins over keep-alive",
    file: "src/rules/hints.ts",
    search: "  if (options.close) return false;\n",
    replacement: "",
    proof: { tests: "tests/rules/persistence" },
  },
];
