/** Dial: opening one connection, until it is open, has failed, takes too long or is given up. */

import type { Origin } from "../origin.ts";
import type { Settings } from "../settings.ts";
import type { Socket, SocketHandler, Target, Transport } from "../transport.ts";
import type { Timed } from "./alarm.ts";
import { connectTimeoutError } from "./refusal.ts";

/** What a dial reports; one of the two, once. */
export interface DialOutcome {
  /** Answers why the socket cannot be used after all. */
  opened(socket: Socket): unknown;
  failed(error: unknown): void;
}

/** One attempt to open a connection. */
export class Dial implements Timed {
  readonly #controller = new AbortController();
  readonly #origin: string;
  readonly #startedAt: number;
  readonly #limitMs: number;
  #settled: Promise<void> | undefined;
  #error: unknown;

  constructor(origin: string, now: number, limitMs: number) {
    this.#origin = origin;
    this.#startedAt = now;
    this.#limitMs = limitMs;
  }

  start(transport: Transport, target: Target, handler: SocketHandler, outcome: DialOutcome): void {
    this.#settled = transport.connect(target, handler, this.#controller.signal).then(
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
    return this.#controller.signal.aborted ? Infinity : this.#startedAt + this.#limitMs;
  }

  due(now: number): void {
    this.#controller.abort(connectTimeoutError(this.#origin, now - this.#startedAt, this.#limitMs));
  }

  /** Gives up: the outcome is a failure with `reason`, which nobody waits for any more. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

/** Where to connect for an origin, and how. */
export function targetOf(origin: Origin, settings: Settings): Target {
  const { tls } = settings;
  return {
    hostname: origin.hostname,
    port: origin.port,
    tcpKeepAlive: settings.tcpKeepAlive,
    noDelay: settings.noDelay,
    tls:
      origin.scheme === "http"
        ? undefined
        : {
            serverName: tls.serverName ?? origin.hostname.replace(/\.$/, ""),
            ca: typeof tls.ca === "string" ? [tls.ca] : tls.ca,
            cert: tls.cert,
            key: tls.key,
            verify: tls.rejectUnauthorized ?? true,
            alpn: ["http/1.1"],
          },
  };
}
