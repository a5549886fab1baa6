/** Scenario: one conversation between a pool and a scripted server, and the trace it must leave. */

import type { Pool, PoolOptions, PoolResponse, RequestOptions } from "../../../mod.ts";
import type { Capabilities } from "../../../src/contract/transport.ts";
import type { Peer } from "./peer.ts";

/** What a scenario may depend on besides the pool. */
export interface Here {
  /** What the transport says of itself. */
  readonly can: Capabilities;
  /** Whether `ss` is installed. */
  readonly ss: boolean;
}

/** What the client of a scenario works with. */
export interface Act {
  readonly pool: Pool;
  readonly here: Here;
  /** A URL of the scenario's own server; `origin` for one of several. */
  url(path?: string, origin?: number): string;
  /** A request whose body is read as text, which is the answer. */
  get(path?: string, options?: RequestOptions): Promise<string>;
  request(path?: string, options?: RequestOptions): Promise<PoolResponse>;
  /** Writes `> text` into the trace. */
  note(text: string | number): void;
  /** The error a promise rejects with; a note if it does not. */
  rejection(promise: Promise<unknown>): Promise<unknown>;
  /** Until this line stands in the trace. */
  until(line: string): Promise<void>;
  /** A line of the trace, as it stands now. */
  readonly lines: readonly string[];
  /** Tells the script of the server. */
  signal(name: string, data?: string | number): void;
  /** Waits for the script of the server to say so. */
  wait(name: string): Promise<string>;
  /** Connections that the server has accepted so far. */
  accepted(): Promise<number>;
  /** Runs `child.ts` in this runtime: what it printed, and its exit code. */
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
   * What the server speaks. `tls-expired`: with a certificate whose time is over. `tls-held`: the handshake of the
   * n-th connection waits for the signal `handshake n`. Default: plain TCP.
   */
  readonly speaks?: "tcp" | "tls" | "tls-expired" | "tls-held";
  /** Scheme of the URLs, where it is not what the server speaks. */
  readonly scheme?: "http" | "https";
  /** Whether it listens on a Unix socket as well. */
  readonly unix?: boolean;
  /** Ports it listens on, each an origin of its own. Default: 1. */
  readonly origins?: number;
  /** Run for each connection. Default: answers every request with `200`. */
  readonly server?: (peer: Peer) => Promise<void>;
  readonly client: (act: Act) => Promise<void>;
  /** Whether `released` lines say how long the connection is kept; its pool's time then hardly moves. */
  readonly showsKeep?: boolean;
  /** Whether its pool's time hardly moves: what comes within a limit does so on the busiest machine. */
  readonly calm?: boolean;
  /** Why it cannot run where it is, or nothing. Never asks for the name of a runtime. */
  readonly needs?: (here: Here) => string | undefined;
  /** The trace: one event per line, or several with ` · ` between them. */
  readonly trace: string;
}
