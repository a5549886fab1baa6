/** Lab: what the experiments of a probe share: connections within a budget, waiting, and what was noted on the way. */

import {
  type Answer,
  type Outcome,
  ProbeConnection,
  type ProbePeer,
  type ProbeRequest,
} from "./probe-connection.ts";
import type { ProbeSettings } from "./probe-options.ts";

/** An answer to a probe takes its round trip; nothing in this time is silence. */
const LEAST_TIMEOUT_MS = 3000;
/** At first nothing is known of the server. */
const FIRST_TIMEOUT_MS = 15_000;
/** A server that takes this many times its usual time has stopped. */
const TIMES_USUAL = 20;

/** Why a probe ends early: the server asked for it. */
export class Enough extends Error {}

/** Connections, requests and waits of one probe. */
export class Lab {
  readonly peer: ProbePeer;
  readonly settings: ProbeSettings;
  readonly addresses: readonly (string | undefined)[];
  method: "GET" | "HEAD";
  /** Requests that were answered. */
  requests = 0;
  /** Sentences for the report, in the order in which they became known. */
  readonly notes: string[] = [];
  /** How connections ended, each counted once. */
  readonly endings: { closed: number; reset: number; announced: number; silent: number } = {
    closed: 0,
    reset: 0,
    announced: 0,
    silent: 0,
  };
  readonly #abort = new AbortController();
  /** A dial has a signal of its own, because Node warns of many listeners on one. */
  readonly #dials: Set<AbortController> = new Set();
  readonly #open: Set<ProbeConnection> = new Set();
  #nextAddress = 0;
  #usualMs = 0;
  #firstStatus: number | undefined;

  constructor(peer: ProbePeer, settings: ProbeSettings, addresses: readonly string[]) {
    this.peer = peer;
    this.settings = settings;
    this.addresses = addresses.length > 0 ? addresses : [undefined];
    this.method = settings.method ?? "HEAD";
  }

  /** Aborted when the probe ends, by itself or by its caller. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#open.size;
  }

  /** Opens a connection, to each address in turn. @throws {TransportError} like a dial. */
  async open(address: string | undefined = this.#turn()): Promise<ProbeConnection> {
    if (this.signal.aborted) throw this.signal.reason;
    const dial = new AbortController();
    this.#dials.add(dial);
    const connection = await ProbeConnection.open(this.peer, dial.signal, address).finally(() =>
      this.#dials.delete(dial),
    );
    if (this.signal.aborted) connection.close();
    this.#open.add(connection);
    void connection.ended.then(() => this.#open.delete(connection));
    return connection;
  }

  #turn(): string | undefined {
    const address = this.addresses[this.#nextAddress % this.addresses.length];
    this.#nextAddress += 1;
    return address;
  }

  /** Sends a request. @throws {Enough} if the server says that it has had enough. */
  async ask(connection: ProbeConnection, how: Partial<ProbeRequest> = {}): Promise<Outcome> {
    const outcome = await connection.request({ method: this.method, timeoutMs: this.#timeoutMs(), ...how });
    if (outcome.kind === "answered") this.#heed(outcome.answer);
    return outcome;
  }

  #timeoutMs(): number {
    if (this.#usualMs === 0) return FIRST_TIMEOUT_MS;
    return Math.max(LEAST_TIMEOUT_MS, this.#usualMs * TIMES_USUAL);
  }

  #heed({ status, tookMs, field }: Answer): void {
    this.requests += 1;
    this.#usualMs = Math.max(this.#usualMs, tookMs);
    this.#firstStatus ??= status;
    const isLimit = status === 429 || (status === 403 && this.#firstStatus !== 403);
    if (!isLimit) return;
    const retry = field("retry-after");
    const after = retry === undefined ? "" : ` (Retry-After: ${retry})`;
    this.stop(`The server answered ${status}${after} after ${this.requests} requests, so the probe stopped.`);
    throw new Enough(String(status));
  }

  /** Ends the probe, with a sentence for the report. */
  stop(note?: string): void {
    if (this.signal.aborted) return;
    if (note !== undefined) this.notes.push(note);
    this.#abort.abort(new Enough("stopped"));
    for (const dial of this.#dials) dial.abort(this.signal.reason);
    for (const connection of this.#open) connection.close();
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
