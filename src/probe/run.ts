/** Run: what all experiments of one probe share, whatever protocol they speak: its budget, its end, and what it notes. */

import type { ProbeConnection } from "./probe-connection.ts";
import type { ProbeSettings } from "./probe-options.ts";
import type { AnswerFacts } from "./probe-protocol.ts";

/** Why a probe ends early: the server asked for it, or its caller. */
export class Enough extends Error {}

/** One probe, from its first connection to its end. */
export class Run {
  readonly settings: ProbeSettings;
  method: "GET" | "HEAD";
  /** Requests that were answered. */
  requests = 0;
  /** When the last of what is waited for will have come, at the latest. */
  endsAt = 0;
  /** Sentences for the report, in the order in which they became known. */
  readonly notes: string[] = [];
  readonly #abort = new AbortController();
  /** A dial has a signal of its own, because Node warns of many listeners on one. */
  readonly #dials: Set<AbortController> = new Set();
  readonly #open: Set<ProbeConnection> = new Set();
  /** Those that wait until another connection has ended. */
  #waiting: (() => void)[] = [];
  #firstStatus: number | undefined;

  constructor(settings: ProbeSettings) {
    this.settings = settings;
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

  /** Adds a sentence to the report, once. */
  note(note: string): void {
    if (!this.notes.includes(note)) this.notes.push(note);
  }

  /** Notes why an experiment lost a connection: with others at work that is a limit of the server, and costs one sample. */
  tolerate(error: unknown): undefined {
    if (this.signal.aborted || error instanceof Enough) return undefined;
    this.note(`A further connection failed: ${error instanceof Error ? error.message : String(error)}.`);
    return undefined;
  }

  /** Dials when the budget has room. @throws {Enough} if the probe ends meanwhile. */
  async dial(connect: (signal: AbortSignal) => Promise<ProbeConnection>): Promise<ProbeConnection> {
    while (!this.signal.aborted && this.#dials.size + this.#open.size >= this.settings.connections)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.signal.aborted) throw this.signal.reason;
    const dial = new AbortController();
    this.#dials.add(dial);
    const connection = await connect(dial.signal).finally(() => {
      this.#dials.delete(dial);
      this.#waiting.shift()?.();
    });
    this.#open.add(connection);
    void connection.ended.then(() => {
      this.#open.delete(connection);
      this.#waiting.shift()?.();
    });
    if (this.signal.aborted) connection.close();
    return connection;
  }

  /** Counts an answer. @throws {Enough} if the server says that it has had enough. */
  heed({ status, field }: AnswerFacts): void {
    this.requests += 1;
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
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
