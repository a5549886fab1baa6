/** Acquire errors: the error of a request that got no connection, with the numbers that explain it. */

import {
  type ErrorCode,
  type ErrorFacts,
  HoldfastError,
  type OriginSnapshot,
  type Phase,
} from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import { TransportError } from "../contract/transport.ts";
import { FunctionFault, faultAt } from "../contract/user-functions.ts";
import type { RejectReason } from "./core/effects.ts";

/** The facts about a request that gets no connection. */
export interface AcquireErrorFacts {
  readonly why: RejectReason;
  readonly origin: string;
  readonly waitedMs: number;
  readonly snapshot: OriginSnapshot;
  /** What was reached: the longest wait in ms, or the number of waiting requests. */
  readonly limit?: number | undefined;
  /** Why the connect attempt failed. */
  readonly error?: unknown;
}

/** The error that a waiter is rejected with. */
export function acquireError(facts: AcquireErrorFacts): HoldfastError {
  const { origin, snapshot, limit } = facts;
  const counts = `${snapshot.active} active, ${snapshot.idle} idle, ${snapshot.queued} queued`;
  const common = { origin, pool: snapshot, sent: "none", elapsedMs: facts.waitedMs } as const;
  switch (facts.why) {
    case "acquire-timeout":
      return new HoldfastError({
        ...common,
        code: "ERR_ACQUIRE_TIMEOUT",
        phase: "queue",
        limitMs: limit,
        message: `No connection to ${origin}: timed out after ${Math.round(facts.waitedMs)} ms in the queue (${counts})`,
      });
    case "queue-full":
      return new HoldfastError({
        ...common,
        code: "ERR_QUEUE_FULL",
        phase: "queue",
        message: `No room to wait for a connection to ${origin}: ${limit} requests wait already (${counts})`,
      });
    case "pool-closed":
      return new HoldfastError({
        ...common,
        code: "ERR_POOL_CLOSED",
        phase: "queue",
        retriable: false,
        message: `The pool is closed: no request to ${origin} can be made with it`,
      });
    case "connect-failed":
      return facts.error instanceof HoldfastError && !(facts.error instanceof FunctionFault)
        ? facts.error
        : new HoldfastError({ ...common, ...connectErrorFacts(facts.error, origin) });
  }
}

type ConnectErrorFacts = Pick<ErrorFacts, "code" | "phase" | "message" | "cause" | "retriable">;

function connectErrorFacts(error: unknown, origin: string): ConnectErrorFacts {
  if (error instanceof FunctionFault) {
    const message = `Could not connect to ${origin}: ${error.message}`;
    const cause = faultAt(error, "connect", "none");
    return { code: "ERR_FUNCTION", phase: "connect", retriable: false, cause, message };
  }
  const { kind, message } =
    error instanceof TransportError ? error : { kind: "other", message: excerpt(String(error)) };
  const [code, phase, retriable] = CONNECT_FAILURES[kind] ?? (["ERR_CONNECT", "connect", true] as const);
  const what = code === "ERR_TLS" ? "Could not establish TLS with" : "Could not connect to";
  return { code, phase, retriable, cause: error, message: `${what} ${origin}: ${message}` };
}

/** Kinds of failure that another attempt will not mend: their code and phase, and that they are not retriable. */
const CONNECT_FAILURES: Readonly<Record<string, readonly [ErrorCode, Phase, boolean]>> = {
  tls: ["ERR_TLS", "tls", false],
  unsupported: ["ERR_UNSUPPORTED", "connect", false],
};

/** The error of a connect attempt that took longer than `connectTimeout`. */
export function connectTimeoutError(origin: string, elapsedMs: number, limitMs: number): HoldfastError {
  return new HoldfastError({
    code: "ERR_CONNECT_TIMEOUT",
    phase: "connect",
    origin,
    elapsedMs,
    limitMs,
    message: `Could not connect to ${origin}: timed out after ${limitMs} ms`,
  });
}
