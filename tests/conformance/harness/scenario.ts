/** Scenario: one conversation between a pool and a scripted server, and the trace it must leave. */

import type { Pool, PoolOptions, PoolResponse, RequestOptions } from "../../../mod.ts";
import type { Capabilities, Transport } from "../../../src/contract/transport.ts";
import type { Peer } from "./peer.ts";

/** Properties of the environment that a scenario may depend on. */
export interface Here {
  /** Capabilities of the transport. */
  readonly can: Capabilities;
  /** Whether `ss` is installed. */
  readonly ss: boolean;
  /** The transport to pass to pools. `undefined`: they find that of the runtime. */
  readonly transport?: Transport;
}

/** The tools of a scenario's client. */
export interface Act {
  readonly pool: Pool;
  readonly here: Here;
  /** A URL of the scenario's server. `origin` selects one of several origins. */
  url(path?: string, origin?: number): string;
  /** Sends a request and returns its body as text. */
  get(path?: string, options?: RequestOptions): Promise<string>;
  request(path?: string, options?: RequestOptions): Promise<PoolResponse>;
  /** Writes `> text` into the trace. */
  note(text: string | number): void;
  /** The error that a promise rejects with. If it does not reject, writes a note. */
  rejection(promise: Promise<unknown>): Promise<unknown>;
  /** Waits until the trace contains this line. */
  until(line: string): Promise<void>;
  /** The lines of the trace so far. */
  readonly lines: readonly string[];
  /** Sends a signal to the server script. */
  signal(name: string, data?: string | number): void;
  /** Waits for a signal of the server script. */
  wait(name: string): Promise<string>;
  /** Connections that the server has accepted so far. */
  accepted(): Promise<number>;
  /** Runs `child.ts` in this runtime. Returns its output and exit code. */
  spawn(task: string): Promise<{ readonly code: number | null; readonly output: readonly string[] }>;
  sleep(ms: number): Promise<void>;
}

/** Where the server of a scenario listens. */
export interface Place {
  readonly port: number;
  /** Its Unix socket, if it has one. */
  readonly unixPath: string;
}

export interface Scenario {
  /** A sentence. */
  readonly name: string;
  readonly options?: PoolOptions | ((place: Place) => PoolOptions);
  /**
   * The protocol of the server. `tls-expired`: with an expired certificate. `tls-held`: the handshake of the n-th connection
   * waits for the signal `handshake n`. Default: plain TCP.
   */
  readonly speaks?: "tcp" | "tls" | "tls-expired" | "tls-held";
  /** What the server takes in ALPN, by preference. Default: it knows no ALPN. */
  readonly alpn?: readonly string[];
  /** Scheme of the URLs, if it differs from the protocol of the server. */
  readonly scheme?: "http" | "https";
  /** Whether the server also listens on a Unix socket. */
  readonly unix?: boolean;
  /** Number of ports, each a separate origin. Default: 1. */
  readonly origins?: number;
  /** The script for each connection. Default: responds to every request with `200`. */
  readonly server?: (peer: Peer) => Promise<void>;
  readonly client: (act: Act) => Promise<void>;
  /** Whether `released` lines say how long the connection is kept. The clock of the pool is then slowed down. */
  readonly showsKeep?: boolean;
  /** Whether the clock of the pool is slowed down, so that time limits are not reached on a busy machine. */
  readonly calm?: boolean;
  /** Why the scenario cannot run here, or `undefined`. Must not depend on the name of the runtime. */
  readonly needs?: (here: Here) => string | undefined;
  /** The expected trace: one event per line, or several separated by ` · `. */
  readonly trace: string;
}
