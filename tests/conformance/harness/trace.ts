/**
 * Trace: the pool's events as lines of text. Connections and requests are numbered by first appearance. Times and ports are
 * left out. So the same behaviour gives the same text everywhere.
 */

import { HoldfastError, type PoolEvent, ProtocolError } from "../../../mod.ts";
import { MAX_RESENDS, MAX_UNPROCESSED_RESENDS } from "../../../src/rules/retry.ts";

/** The lines of a trace in the form of a scenario. */
export function parseTrace(text: string): string[] {
  return text
    .split(/\n| · /)
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** Numbers ids by first appearance. */
class Numbers {
  readonly #seen: Map<number, number> = new Map();

  of(id: number): number {
    const known = this.#seen.get(id) ?? this.#seen.size + 1;
    this.#seen.set(id, known);
    return known;
  }
}

/** Records a trace while a pool works. */
export class Recorder {
  readonly lines: string[] = [];
  readonly #connections = new Numbers();
  readonly #requests = new Numbers();
  readonly #showsKeep: boolean;
  #waiting: { readonly line: string; readonly resolve: () => void }[] = [];
  #stopped = false;

  constructor(showsKeep: boolean) {
    this.#showsKeep = showsKeep;
  }

  readonly listener = (event: PoolEvent): void => {
    if (this.#stopped) return;
    this.#add(this.#lineOf(event));
    for (const flaw of flawsOf(event)) this.#add(`! ${flaw}`);
  };

  note(text: string): void {
    if (!this.#stopped) this.#add(`> ${text}`);
  }

  /** Stops recording: later events are not part of the scenario. */
  stop(): void {
    this.#stopped = true;
  }

  until(line: string): Promise<void> {
    if (this.lines.includes(line)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ line, resolve });
    });
  }

  #add(line: string): void {
    this.lines.push(line);
    const met = this.#waiting.filter((waiting) => waiting.line === line);
    this.#waiting = this.#waiting.filter((waiting) => waiting.line !== line);
    for (const { resolve } of met) resolve();
  }

  #lineOf(event: PoolEvent): string {
    switch (event.type) {
      case "connection.opened":
        return `opened ${this.#connection(event)}`;
      case "connection.acquired":
        return `acquired ${this.#connection(event)} request ${event.requestNumber}`;
      case "connection.released": {
        const keep = this.#showsKeep ? ` keep ${rounded(event.keepMs)}` : "";
        return `released ${this.#connection(event)}${keep}`;
      }
      case "connection.retired":
        return `retired ${this.#connection(event)} ${event.reason}`;
      case "request.queued":
        return `queued (${event.queued} waiting)`;
      case "request.started":
        return `started ${this.#request(event)} ${event.method}`;
      case "request.finished":
        return `finished ${this.#request(event)} ${event.status}`;
      case "request.retried":
        return `retried ${this.#request(event)} ${event.reason}`;
      case "request.doubted":
        return `doubted ${this.#request(event)}`;
      case "doubt.exhausted":
        return "doubt exhausted";
      case "request.failed":
        return `failed ${this.#request(event)} ${describe(event.error)}`;
      case "option.degraded":
        return `degraded ${event.option}`;
      case "hint.ignored":
        return `hint ignored ${this.#connection(event)}`;
      case "limit.learned":
        return "limit learned";
      case "calm.requested":
        return `calm requested ${this.#connection(event)}`;
    }
  }

  #connection(event: { readonly connection: number }): string {
    return `#${this.#connections.of(event.connection)}`;
  }

  #request(event: { readonly request: number }): number {
    return this.#requests.of(event.request);
  }
}

/** Whole seconds, or minutes for long times, of which a busy machine may take a second; or `off`. */
function rounded(ms: number): string {
  if (ms === Infinity) return "off";
  return ms < 600_000 ? `${Math.round(ms / 1000)}s` : `${Math.round(ms / 60_000)}m`;
}

/** An error in one line: its code, phase and, for a protocol error, side and fault. */
export function describe(error: unknown): string {
  if (error instanceof ProtocolError) return `${error.code} in ${error.phase} (${error.side} ${error.fault})`;
  if (error instanceof HoldfastError) return `${error.code} in ${error.phase}`;
  return error instanceof Error ? error.name : String(error);
}

/** Values that no event may have, in any scenario. */
function flawsOf(event: PoolEvent): string[] {
  const flaws: string[] = [];
  for (const [name, value] of Object.entries(event)) {
    if (typeof value === "number" && !(value >= 0)) flaws.push(`${event.type} has ${name} ${value}`);
  }
  if (event.type === "connection.acquired" && event.reused !== event.requestNumber > 1)
    flaws.push(`${event.type} has reused ${event.reused} for request ${event.requestNumber}`);
  if (event.type === "request.finished" && event.resendCount > MAX_RESENDS + MAX_UNPROCESSED_RESENDS)
    flaws.push(`${event.type} has resendCount ${event.resendCount}`);
  return flaws;
}
