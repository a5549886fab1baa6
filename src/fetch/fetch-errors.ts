/** Fetch errors: what `fetch` and the bodies of its responses fail with, beside the errors of an exchange. */

import { HoldfastError } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import type { Origin, SchemeError } from "../contract/origin.ts";
import { unsentReason } from "../contract/user-functions.ts";
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

/** {@linkcode fetchError} without a signal, for all bodies. */
const errorsWithout = (error: unknown): unknown => fetchError(error, undefined);

/**
 * {@linkcode fetchError} for the errors of one body.
 *
 * A function that is written where it is assigned to a property lies in the old generation of V8 from the beginning. There each
 * allocation looks whether it is time to mark, and counts the memory of all bodies: 1 MiB by `fetch()` took half as many again full
 * collections (Node 24). So what is assigned for each request is made elsewhere, or named first (`scripts/house.ts`).
 */
export function errorsOf(signal: AbortSignal | undefined): (error: unknown) => unknown {
  return signal === undefined ? errorsWithout : (error) => fetchError(error, signal);
}

/** What a signal rejects a call with whose request is not sent: its reason, untouched, or that one of its members threw. */
export function unsentAbort(signal: AbortSignal, reason: unknown = signal.reason): unknown {
  return fetchError(unsentReason(reason), signal);
}

/**
 * The message is the one of Node's own fetch, and nothing else: programs and libraries (p-retry, ky, the AI SDK) compare
 * it to know a failure of the network. What happened is in the `cause`.
 */
export function failedFetch(cause: HoldfastError): TypeError {
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

/** The port is one that `fetch` must not connect to. */
export function badPortError({ key, port }: Origin, method: string): HoldfastError {
  return new HoldfastError({
    code: "ERR_CONNECT",
    phase: "connect",
    sent: "none",
    retriable: false,
    origin: key,
    message: `${excerpt(method)} ${key}: port ${port} belongs to another protocol: fetch does not connect to it, request() does`,
  });
}

/** The scheme is one that nobody answers: to the standard's fetch, that is a failure of the network (Fetch §4.2). */
export function schemeError(cause: SchemeError): HoldfastError {
  return new HoldfastError({
    code: "ERR_CONNECT",
    phase: "connect",
    sent: "none",
    retriable: false,
    message: cause.message,
    cause,
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
