/** Negotiation: the exchange of bytes with a proxy until it has opened a tunnel. It knows no socket and no time. */

/** What to do after bytes came from the proxy. */
export interface NegotiationStep {
  /** Bytes to write. */
  readonly write?: Uint8Array | undefined;
  /** Set when the tunnel is open: where its own bytes begin in what came. */
  readonly openAt?: number | undefined;
}

/** The negotiation of one tunnel. */
export interface Negotiation {
  /** Written as soon as the connection to the proxy is open. */
  readonly opening: Uint8Array;
  /**
   * Reads what came next. `bytes` are valid only during the call.
   *
   * @throws {HoldfastError} of phase `"proxy"` when the proxy refuses or breaks its protocol.
   */
  feed(bytes: Uint8Array, length: number): NegotiationStep;
}

/** Where a tunnel leads. */
export interface Destination {
  /** The key of the origin, for errors. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
}

/** Nothing to write; the tunnel is not open yet. */
export const MORE: NegotiationStep = {};
