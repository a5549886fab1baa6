/**
 * Transport error: a copy of the class in src/contract/transport.ts. Transports import only types from there.
 *
 * Transports are loaded by the first request. A bundler would put code shared with the rest of the library into the entry's
 * chunk (Rollup 4, Vite). If a program awaited its first request at the top level of its entry, the transport's chunk would
 * wait for the entry, which waits for the transport. `instanceof` treats both classes as equal.
 */

import type { TransportError as Contract, TransportErrorKind } from "../src/contract/transport.ts";

/** The only error class of transports. The runtime's own error is its `cause`. */
export class TransportError extends Error implements Contract {
  override readonly name = "TransportError";
  readonly kind: TransportErrorKind;
  readonly reason: string | undefined;

  constructor(
    kind: TransportErrorKind,
    message: string,
    options: { cause?: unknown; reason?: string | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.reason = options.reason;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "TransportError" && "kind" in value;
  }
}
