/** Dial: opening one connection, until it is open, has failed, takes too long or is given up. */

import type { Socket } from "../../contract/transport.ts";
import type { FunctionFault } from "../../contract/user-functions.ts";
import { connectTimeoutError } from "../acquire-errors.ts";
import type { Timed } from "../timer.ts";

/** What a dial reports; one of the two, once. */
export interface AttemptOutcome {
  /** Answers why the socket cannot be used after all. */
  opened(socket: Socket): unknown;
  failed(error: unknown): void;
}

/** One attempt to open a connection. */
export class ConnectAttempt implements Timed {
  readonly #controller = new AbortController();
  readonly #origin: string;
  readonly startedAt: number;
  readonly #limitMs: number;
  #settled: Promise<void> | undefined;
  #error: unknown;

  constructor(origin: string, now: number, limitMs: number) {
    this.#origin = origin;
    this.startedAt = now;
    this.#limitMs = limitMs;
  }

  start(connect: (signal: AbortSignal) => Promise<Socket>, outcome: AttemptOutcome): void {
    this.#settled = connect(this.#controller.signal).then(
      (socket) => {
        this.#error = outcome.opened(socket);
      },
      (error) => {
        this.#error = error;
        outcome.failed(error);
      },
    );
  }

  /** Why it did not become a connection, once that is known; `undefined` if it did. */
  async failure(): Promise<unknown> {
    await this.#settled;
    return this.#error;
  }

  dueAt(): number {
    return this.#controller.signal.aborted ? Infinity : this.startedAt + this.#limitMs;
  }

  due(now: number): void {
    this.#controller.abort(connectTimeoutError(this.#origin, now - this.startedAt, this.#limitMs));
  }

  cut(fault: FunctionFault): void {
    this.#controller.abort(fault);
  }

  /** Gives up: the outcome is a failure with `reason`, which nobody waits for any more. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}
