/**
 * Node errors: what the programs on `node:http` look at in an error. They decide by Node's codes (`ECONNRESET`, `ECONNREFUSED`,
 * `ENOTFOUND`) whether to try again, so a failure that Node has a code for keeps it, with the pool's own error as its cause.
 */

import { HoldfastError } from "../contract/errors.ts";
import { TransportError, type TransportErrorKind } from "../contract/transport.ts";

/** What system errors of Node tell. */
const MEMBERS = ["errno", "syscall", "address", "port", "hostname", "host", "reason", "cert"] as const;

/** Where the runtime gives its errors no code (Deno). */
const CODES: Readonly<Partial<Record<TransportErrorKind, string>>> = {
  dns: "ENOTFOUND",
  refused: "ECONNREFUSED",
  unreachable: "EHOSTUNREACH",
  timeout: "ETIMEDOUT",
  reset: "ECONNRESET",
};

const SYSTEM_CODE = /^E[A-Z_]+$/;

/** The error that a request or its socket emits. Errors of the pool that Node knows nothing of are emitted as they are. */
export function nodeError(error: unknown): Error {
  if (!(error instanceof HoldfastError)) return rawOf(error) ?? asError(error);
  const raw = rawOf(error);
  if (raw !== undefined) return withCode(error, raw);
  if (error.cause instanceof TransportError) {
    const { kind, reason } = error.cause;
    const code = SYSTEM_CODE.test(reason ?? "") ? reason : CODES[kind];
    if (code !== undefined) return withCode(error, { code });
  }
  if (error.code === "ERR_CONNECT_TIMEOUT") return withCode(error, { code: "ETIMEDOUT", syscall: "connect" });
  return error;
}

function withCode(error: HoldfastError, raw: object): Error {
  const facts = raw as Readonly<Record<string, unknown>>;
  const shown: Error & Record<string, unknown> = Object.assign(new Error(error.message, { cause: error }));
  shown.code = facts.code;
  for (const name of MEMBERS) if (facts[name] !== undefined) shown[name] = facts[name];
  return shown;
}

/** The runtime's own error at the bottom of `error`, if it has a code. */
function rawOf(error: unknown): (Error & { code: string }) | undefined {
  let last: unknown = error;
  // A chain is short; a cycle that somebody made ends here.
  for (let depth = 0; depth < 8; depth++) {
    if (!(last instanceof HoldfastError) && !(last instanceof TransportError)) break;
    last = last.cause;
  }
  const { code } = Object(last) as { readonly code?: unknown };
  return last instanceof Error && typeof code === "string" ? (last as Error & { code: string }) : undefined;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error), { cause: error });
}
