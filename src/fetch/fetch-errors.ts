/** Fetch errors: what `fetch` and the bodies of its responses fail with, beside the errors of an exchange. */

import { HoldfastError, ProtocolError } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import type { WireResponse } from "../exchange/message.ts";
import { connectionInfo } from "../pool/connection.ts";

/**
 * What `fetch` rejects with: a `TypeError` whose `cause` is the {@linkcode HoldfastError}, as the standard says. The
 * reason of the signal, and errors that are no HoldfastError, stay as they are.
 */
export function fetchError(error: unknown, signal: AbortSignal | undefined): unknown {
  const aborted = signal?.aborted === true && error === signal.reason;
  if (aborted || !(error instanceof HoldfastError)) return error;
  return failedFetch(error);
}

/**
 * The message is the one of Node's own fetch, and nothing else: programs and libraries (p-retry, ky, the AI SDK) compare
 * it to know a failure of the network. What happened is in the `cause`.
 */
function failedFetch(cause: HoldfastError): TypeError {
  return new TypeError("fetch failed", { cause });
}

/**
 * Rejects with the error of `fetch`, made such that its `stack` shows who waits for the promise that is resolved with
 * this one. V8 finds the frames of the awaiting functions itself, from an error that is made after an `await`; JSC (Bun
 * 1.4) does not. Only a call that fails pays for it. To note the stack in each call would take 2 µs on Node 20 and Bun 1.4, 4 µs on Deno 2.9.
 */
export async function rejectedFetch(error: unknown, signal: AbortSignal | undefined): Promise<never> {
  // By the second turn, the promise of the call waits for this one.
  await undefined;
  await undefined;
  throw fetchError(error, signal);
}

/** The request body could not be read, and nothing was sent. */
export function requestBodyError(origin: string, method: string, cause: unknown): HoldfastError {
  const why = excerpt(cause instanceof Error ? cause.message : String(cause));
  return new HoldfastError({
    code: "ERR_REQUEST_BODY",
    phase: "send",
    sent: "none",
    retriable: false,
    origin,
    cause,
    message: `${excerpt(method)} ${origin}: the request body could not be read: ${why}`,
  });
}

/** The response body could not be decoded. */
export function decodeError({ lease }: WireResponse, cause: unknown): TypeError {
  const connection = connectionInfo(lease);
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `The response body could not be decoded: ${excerpt(why)}`;
  const facts = {
    code: "ERR_DECODE",
    phase: "body",
    sent: "full",
    retriable: false,
    connection,
    message,
    cause,
  } as const;
  return failedFetch(new HoldfastError(facts));
}

/** The response has a status that no `Response` can have. */
export function statusError({ lease, head }: WireResponse): TypeError {
  const connection = connectionInfo(lease);
  const message = `The response has the status ${head.status}, which means nothing (RFC 9110 §15)`;
  const facts = { phase: "headers", sent: "full", retriable: false, connection, message } as const;
  return failedFetch(new ProtocolError("remote", "bad-status-line", facts));
}
