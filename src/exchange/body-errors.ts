/** Body errors: why a response body cannot be read. */

import { HoldfastError } from "../contract/errors.ts";
import type { PoolWire } from "../contract/wire.ts";
import { connectionInfo, type Lease } from "../pool/connection.ts";

/** The body has a reader, or had one. */
export function usedError(): TypeError {
  return new TypeError("The response body has been read already, or is being read");
}

/** The caller discarded the body. */
export function discardedError(): TypeError {
  return new TypeError("The response body was discarded before it was read");
}

/** The response was collected as garbage before its body was read. */
export function droppedError(): TypeError {
  return new TypeError("The response was dropped unread, so its connection was given up");
}

/** The body is larger than `responseLimits.bodyBytes`. `size` was announced by the head, or had arrived when it was discarded. */
export function bodyTooLarge(
  lease: Lease<PoolWire> | undefined,
  limit: number,
  size: number,
  announced: boolean,
): HoldfastError {
  const came = announced ? `${size} are announced` : `${size} had come when it was given up`;
  return new HoldfastError({
    code: "ERR_BODY_TOO_LARGE",
    phase: "body",
    sent: "full",
    retriable: false,
    connection: lease === undefined ? undefined : connectionInfo(lease),
    limitBytes: limit,
    bodyBytes: size,
    message: `The response body has more than the ${limit} bytes that responseLimits.bodyBytes allows: ${came}`,
  });
}
