/**
 * Coverage: every member of the library's closed lists must appear in a scenario's trace, or be listed here with the reason
 * why it does not. A new member without either is a failure. So is a reason that is no longer true.
 */

import {
  type ErrorCode,
  type PoolEvent,
  type ProtocolFault,
  RETIRE_REASONS,
  type RetryReason,
} from "../../mod.ts";
import { type Counts, none, sum } from "../../scripts/test/counts.ts";
import type { Scenario } from "./harness/scenario.ts";
import { parseTrace } from "./harness/trace.ts";

/** `true`: a scenario shows it. A string: the reason why none does. */
type Shown = true | string;

const RETIRED: Readonly<Partial<Record<(typeof RETIRE_REASONS)[number], string>>> = {
  moved: "the machine would have to move: see tests/pool/local-addresses.test.ts",
  "no-answer":
    "packets must get lost in silence: see tests/exchange/second-attempt.test.ts and tests/network",
  upgraded:
    "it is the socket afterwards that depends on the runtime: see tests/upgrade, which runs on all of them",
  replaced:
    "it comes shortly before a time limit, so that its moment would be a race: see tests/pool/core/warmth.test.ts",
  "stream-ids": "2^30 requests on one connection: see tests/http2",
};

const RETRIED: Readonly<Record<RetryReason, Shown>> = {
  "stale-connection": true,
  "retry-rule": true,
  unprocessed: true,
  "not-sent": true,
};

const CODES: Readonly<Record<ErrorCode, Shown>> = {
  ERR_ACQUIRE_TIMEOUT: true,
  ERR_QUEUE_FULL: true,
  ERR_POOL_CLOSED: true,
  ERR_CONNECT: true,
  ERR_CONNECT_TIMEOUT: true,
  ERR_TLS: true,
  ERR_PROXY: true,
  ERR_HEADERS_TIMEOUT: true,
  ERR_BODY_TIMEOUT: true,
  ERR_REQUEST_TIMEOUT: true,
  ERR_CONNECTION_LOST: true,
  ERR_PROTOCOL: true,
  ERR_DECODE: true,
  ERR_INTEGRITY: "hashing does not depend on the runtime: see tests/fetch/integrity.test.ts",
  ERR_BODY_TOO_LARGE: "counting bytes does not depend on the runtime: see tests/bounds",
  ERR_REDIRECT: true,
  ERR_REQUEST_BODY: true,
  ERR_FUNCTION: "a user's function that throws does not depend on the runtime: see tests/reentrancy",
  ERR_UNSUPPORTED: true,
  ERR_BINDING: "only Workers have bindings: see tests/workers",
  ERR_NOT_ALLOWED: "only Workers have objects: see tests/workers",
  ERR_OVERLOADED: "only Workers have objects: see tests/workers",
  ERR_OBJECT_LOST: "only Workers have objects: see tests/workers",
};

const FAULTS: Readonly<Record<ProtocolFault, Shown>> = {
  "bad-status-line": true,
  "bad-version": true,
  "bad-header": true,
  "bad-line-ending": true,
  "bad-content-length": true,
  "bad-transfer-encoding": true,
  "bad-chunk": true,
  "bad-trailer": true,
  "head-too-large": true,
  "line-too-long": true,
  "too-many-headers": true,
  "chunk-extension-too-long": true,
  "trailers-too-large": true,
  "too-many-informational": true,
  "unexpected-upgrade": true,
  "bad-frame": true,
  "unexpected-frame": true,
  "bad-settings": true,
  "bad-field-block": true,
  "bad-pseudo-header": true,
  "flow-control": true,
  flood: true,
};

/** How the line of each event starts in a trace. */
const EVENTS: Readonly<Record<PoolEvent["type"], { readonly line: string; readonly shown: Shown }>> = {
  "connection.opened": { line: "opened #", shown: true },
  "connection.acquired": { line: "acquired #", shown: true },
  "connection.released": { line: "released #", shown: true },
  "connection.retired": { line: "retired #", shown: true },
  "request.queued": { line: "queued (", shown: true },
  "request.started": { line: "started ", shown: true },
  "request.finished": { line: "finished ", shown: true },
  "request.retried": { line: "retried ", shown: true },
  "request.doubted": { line: "doubted ", shown: "packets must get lost in silence: see tests/network" },
  "doubt.exhausted": {
    line: "doubt exhausted",
    shown: "packets must get lost in silence: see tests/network",
  },
  "request.failed": { line: "failed ", shown: true },
  "option.degraded": { line: "degraded ", shown: true },
  "hint.ignored": { line: "hint ignored #", shown: true },
  "limit.learned": { line: "limit learned", shown: true },
  "calm.requested": { line: "calm requested #", shown: true },
};

interface Claim {
  readonly what: string;
  readonly shown: Shown;
  isIn(line: string): boolean;
}

function claims(): Claim[] {
  const word = (what: string, shown: Shown): Claim => {
    const pattern = new RegExp(`(^|[^\\w-])${what}($|[^\\w-])`);
    return { what, shown, isIn: (line) => pattern.test(line) };
  };
  return [
    ...RETIRE_REASONS.map((reason): Claim => {
      const ending = ` ${reason}`;
      const isIn = (line: string): boolean => line.startsWith("retired #") && line.endsWith(ending);
      return { what: `the reason ${reason}`, shown: RETIRED[reason] ?? true, isIn };
    }),
    ...Object.entries(RETRIED).map(([what, shown]) => word(what, shown)),
    ...Object.entries(CODES).map(([what, shown]) => word(what, shown)),
    ...Object.entries(FAULTS).map(([what, shown]) => word(what, shown)),
    ...Object.entries(EVENTS).map(
      ([what, { line: start, shown }]): Claim => ({ what, shown, isIn: (line) => line.startsWith(start) }),
    ),
  ];
}

/** Counts the claims. Prints those that do not hold, and the reasons listed here. */
export function checkCoverage(scenarios: readonly Scenario[]): Counts {
  const lines = [...new Set(scenarios.flatMap(({ trace }) => parseTrace(trace)))];
  return claims()
    .map(({ what, shown, isIn }): Counts => {
      const found = lines.some(isIn);
      if (shown === true && !found) console.log(`✖ No scenario shows ${what}`);
      else if (shown !== true && found)
        console.log(`✖ A scenario shows ${what}, although a reason says that none does`);
      else if (shown !== true) console.log(`- No scenario shows ${what}: ${shown}`);
      return { ...none, [found === (shown === true) ? "passed" : "failed"]: 1 };
    })
    .reduce(sum, none);
}
