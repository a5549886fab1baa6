/** Persistence: whether a connection outlives a response, where a user or a preset decides it by a test of their own. */

/** What a persistence test may look at: one complete response whose end is beyond doubt. */
export interface PersistenceFacts {
  /** Of the request. */
  readonly method: string;
  readonly status: number;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1. */
  readonly minorVersion: number;
  /** Whether the request went to an HTTP proxy that read it, not through a tunnel. */
  readonly proxied: boolean;
  /** The value of each line of a header field, in the order of the message. */
  lines(name: string): readonly string[];
}

/**
 * Whether the connection may carry another request. It is asked only where the message framing allows that: a body
 * that ends with the connection, `Transfer-Encoding` on HTTP/1.0 or beside `Content-Length`, and surplus bytes end
 * it whatever a test says, because reuse after them mixes up responses.
 */
export type PersistenceTest = (facts: PersistenceFacts) => boolean;
