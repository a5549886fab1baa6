/**
 * Transport error: the class of src/contract/transport.ts once more, for transports. They are loaded by the first request, and a
 * bundler puts what they share with the rest of the library into the entry's own chunk: a program that awaits its first
 * request at the top level of its entry would wait for a chunk that waits for the entry (Rollup 4, Vite). So transports
 * take nothing but types from there. `instanceof` makes no difference between the two.
 */

import type { TransportError as Contract, TransportErrorKind } from "../src/contract/transport.ts";

/** The one error a transport gives. The runtime's own error is its `cause`. */
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
