/** Script: what a client program does in the lab, step by step, and what it reports. Programs exchange it as JSON. */

/** The HTTP clients that can be compared. */
export type ClientKind = "holdfast" | "built-in" | "undici" | "node:http" | "node:http2" | "Go" | "reqwest";

/** One thing that a client does. */
export type Step =
  | { readonly pauseMs: number }
  /** Sends `count` requests, `together` at a time. */
  | {
      readonly send: number;
      readonly together: number;
      readonly method: "GET" | "POST";
      readonly path?: string;
    }
  /** Says `wait`, and goes on when it is told to: the network is changed meanwhile. */
  | { readonly wait: string };

/** What the relay does with the bytes. */
export interface RelayRules {
  /** How long bytes take, in one direction. */
  readonly latencyMs: number;
  readonly bytesPerSecond?: number;
  /** A connection that was idle for so long is forgotten: its bytes go nowhere. */
  readonly forgetMs?: number;
  /** The first bytes of the client after so long an idle time are passed on `ms` later. */
  readonly hold?: { readonly idleMs: number; readonly ms: number };
}

/** What a client program is started with. */
export interface ClientScript {
  readonly kind: ClientKind;
  readonly url: string;
  readonly steps: readonly Step[];
  /** A request that takes longer is given up, and counts as failed. */
  readonly capMs: number;
  /** Options of the pool. */
  readonly options?: object;
}

/** One request of a client. */
export interface Sent {
  readonly id: number;
  /** The number of its step. */
  readonly step: number;
  readonly ms: number;
  readonly error?: string;
}

/** A line that a client prints. */
export type ClientLine =
  | { readonly wait: string }
  | { readonly sent: readonly Sent[]; readonly opened?: number; readonly stats?: unknown };

/** What the origin counted. */
export interface OriginCounts {
  readonly connections: number;
  readonly requests: number;
  /** Ids of POSTs that were executed more than once. */
  readonly postsTwice: number;
}
