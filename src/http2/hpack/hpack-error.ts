/** HPACK error: what a decoder throws when a field block breaks RFC 7541. */

/** The connection is over: both tables may differ from now on (COMPRESSION_ERROR, RFC 9113 §4.3). */
export class HpackError extends Error {
  override readonly name: string = "HpackError";
}
