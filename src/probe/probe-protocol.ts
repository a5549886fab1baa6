/** Probe protocol: what a connection of the probe needs of HTTP/1.1 and of HTTP/2, and what passes between the two. */

import type { Clock } from "../contract/clock.ts";
import type { Origin } from "../contract/origin.ts";
import type { Target, Transport } from "../contract/transport.ts";
import type { RelayOpener } from "./tls-ending.ts";

/** The protocols that are told apart, by their names in ALPN. */
export type ProtocolName = "http/1.1" | "h2";

/** The version of an answer, as it says itself. */
export type AnswerVersion = "1.0" | "1.1" | "2";

/** What a server answered. */
export interface AnswerFacts {
  readonly status: number;
  readonly httpVersion: AnswerVersion;
  readonly keepAlive: string | undefined;
  /** A field, or `undefined`. */
  readonly field: (name: string) => string | undefined;
  /** Whether another request may follow by what was said (RFC 9112 §9.3, RFC 9113 §6.8). */
  readonly persists: boolean;
}

/** What all connections of a probe by one protocol have in common. */
export interface ProbePeer {
  readonly protocol: ProtocolName;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly origin: Origin;
  readonly path: string;
  readonly target: (address: string | undefined) => Target;
  /** Shows the records of a TLS connection, where there is TLS and the runtime can listen. */
  readonly relay: RelayOpener | undefined;
}

/** How a request is made. */
export interface ProbeRequest {
  readonly method: "GET" | "HEAD";
  /** 0: HTTP/1.0. @default 1 */
  readonly minorVersion?: 0 | 1;
  /** The `Connection` field, if any. */
  readonly connection?: string;
  /** How long to wait for an answer, in ms. */
  readonly timeoutMs: number;
}

/** The connection, as its protocol sees it. */
export interface ProtocolOwner {
  /** Whether an answer is awaited. */
  readonly awaits: boolean;
  write(bytes: string | Uint8Array): void;
  /** The whole answer is there. */
  answered(answer: AnswerFacts): void;
  /** The answer to a PING is there. */
  ponged(): void;
  /** What came cannot be an answer. */
  faulty(message: string): void;
  /** Something came that nobody had asked for, such as a 408. */
  said(text: string): void;
  /** The server takes no further request. `isLost`: nor does it answer the one that is awaited. */
  leaving(said: string, isLost: boolean): void;
}

/** What a protocol does on one connection. */
export interface ProbeProtocol {
  /** The connection is open. */
  opened(): void;
  request(request: ProbeRequest): void;
  ping(): void;
  /** The first `length` bytes of `bytes` have come. They are valid only during the call. */
  receive(bytes: Uint8Array, length: number): void;
  /** The connection has ended in order. */
  closed(): void;
}

/** Says what it is, so that the owner of a server who finds it in a log knows whom to ask. */
export const USER_AGENT = "holdfast-probe (https://jsr.io/@holdfast/pool)";
