/** Negotiation: what is said to a proxy until it has opened a tunnel. Bytes in, bytes out; no socket, no time. */

/** What to do after something came from the proxy. */
export interface NegotiationStep {
  /** To be written. */
  readonly write?: Uint8Array | undefined;
  /** Where the tunnel's own bytes begin in what came, once it is open. */
  readonly openAt?: number | undefined;
}

/** One attempt to have a tunnel opened. */
export interface Negotiation {
  /** Written as soon as the proxy is connected. */
  readonly opening: Uint8Array;
  /**
   * Reads on. `bytes` are valid only during the call.
   *
   * @throws {HoldfastError} of phase `"proxy"` when the proxy refuses or does not keep to its protocol.
   */
  feed(bytes: Uint8Array, length: number): NegotiationStep;
}

/** Where a tunnel leads. */
export interface Destination {
  /** Key of the origin, for errors. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
}

/** Nothing to write, and not open yet. */
export const MORE: NegotiationStep = {};
