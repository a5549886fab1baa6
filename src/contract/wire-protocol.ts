/** Wire protocol: the names of the protocols that connections speak, and the versions that messages have. */

/** The name of a protocol, as ALPN has it (RFC 7301 §6). */
export type WireProtocol = "http/1.1" | "h2";

/** The version of HTTP that a response has. */
export type HttpVersion = "1.0" | "1.1" | "2";
