/** Fetch error: what `fetch` and the bodies of its responses fail with. */

import { HoldfastError } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";

/** A `TypeError` with what happened as its `cause`, as the standard says; the reason of the signal as it is. */
export function fetchError(error: unknown, signal: AbortSignal | undefined): unknown {
  const aborted = signal?.aborted === true && error === signal.reason;
  if (aborted || !(error instanceof HoldfastError)) return error;
  return new TypeError(`fetch failed: ${error.message}`, { cause: error });
}

/** The request body could not be read before anything was sent. */
export function unsentBodyError(origin: string, method: string, cause: unknown): HoldfastError {
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
