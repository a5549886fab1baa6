/** Lab: what the experiments over one protocol share: connections within the budget of the run, and waiting. */

import type { EndKind } from "./findings.ts";
import { type Ending, type OpenOptions, type Outcome, ProbeConnection } from "./probe-connection.ts";
import type { ProbeSettings } from "./probe-options.ts";
import type { ProbePeer, ProbeRequest } from "./probe-protocol.ts";
import type { Run } from "./run.ts";

/** An answer to a probe takes its round trip; nothing in this time is silence. */
const LEAST_TIMEOUT_MS = 3000;
/** At first nothing is known of the server. */
const FIRST_TIMEOUT_MS = 15_000;
/** A server that takes this many times its usual time has stopped. */
const TIMES_USUAL = 20;

/** How connections ended, each counted once. */
export type Endings = Readonly<Record<EndKind, number>>;

/** How TLS ended where it was looked at: with close_notify, or by a FIN alone. */
export interface TlsEndings {
  readonly closeNotify: number;
  readonly bareFin: number;
}

/** Connections, requests and waits over one protocol. */
export class Lab {
  readonly run: Run;
  readonly peer: ProbePeer;
  readonly addresses: readonly (string | undefined)[];
  readonly endings: Record<EndKind, number> = { closed: 0, reset: 0, announced: 0, silent: 0 };
  readonly tlsEndings: { closeNotify: number; bareFin: number } = { closeNotify: 0, bareFin: 0 };
  /** The last GOAWAY, in words. */
  goaway: string | undefined = undefined;
  #nextAddress = 0;
  #usualMs = 0;

  constructor(run: Run, peer: ProbePeer, addresses: readonly string[]) {
    this.run = run;
    this.peer = peer;
    this.addresses = addresses.length > 0 ? addresses : [undefined];
  }

  get settings(): ProbeSettings {
    return this.run.settings;
  }

  get signal(): AbortSignal {
    return this.run.signal;
  }

  /** Opens a connection, to each address in turn unless one is given. @throws {TransportError} like a dial. */
  async open(options: OpenOptions = {}): Promise<ProbeConnection> {
    const { address = this.#turn() } = options;
    const connection = await this.run.dial((signal) =>
      ProbeConnection.open(this.peer, signal, { ...options, address }),
    );
    void connection.ended.then(({ closeNotify, said }) => {
      if (this.peer.protocol === "h2" && said !== undefined) this.goaway = said;
      if (closeNotify !== undefined) this.tlsEndings[closeNotify ? "closeNotify" : "bareFin"] += 1;
    });
    return connection;
  }

  #turn(): string | undefined {
    const address = this.addresses[this.#nextAddress % this.addresses.length];
    this.#nextAddress += 1;
    return address;
  }

  /** Sends a request. @throws {Enough} if the server says that it has had enough. */
  async ask(connection: ProbeConnection, how: Partial<ProbeRequest> = {}): Promise<Outcome> {
    const { method } = this.run;
    const outcome = await connection.request({ method, timeoutMs: this.timeoutMs, ...how });
    if (outcome.kind === "answered") {
      this.#usualMs = Math.max(this.#usualMs, outcome.answer.tookMs);
      this.run.heed(outcome.answer);
    }
    return outcome;
  }

  /** How long an answer is waited for, in ms. */
  get timeoutMs(): number {
    if (this.#usualMs === 0) return FIRST_TIMEOUT_MS;
    return Math.max(LEAST_TIMEOUT_MS, this.#usualMs * TIMES_USUAL);
  }

  /** Counts how a connection ended. Returns `undefined` if it was by us. */
  count({ by }: Ending): EndKind | undefined {
    if (by === "us") return undefined;
    this.endings[by] += 1;
    return by;
  }

  /** Resolves after a time, or when the connection or the probe ends, whichever is first. */
  async quiet(connection: ProbeConnection, ms: number): Promise<void> {
    if (this.signal.aborted || connection.ending !== undefined) return;
    const { clock } = this.peer;
    await new Promise<void>((resolve) => {
      const timer = clock.schedule(ms, resolve);
      void connection.ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
