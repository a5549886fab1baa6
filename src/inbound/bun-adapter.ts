/**
 * The adapter for Bun.serve, which shows address and port, and a timer per connection that can be set during a request.
 */

import type { Clock } from "../contract/clock.ts";
import { parseConnection } from "../rules/persistence.ts";
import type { Announcement } from "../rules/server-side.ts";
import { type ResponseFields, type ServerAdapter, setFields } from "./server-adapter.ts";

/** The part of Bun's `Server` that is used. */
interface BunServer {
  /** 0 once the server was stopped (Bun 1.4); `undefined` on a Unix socket. */
  readonly port?: number;
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
  timeout(request: Request, seconds: number): void;
}

/** The longest timeout that Bun can set. */
const LONGEST_SECONDS = 255;
/** Bun's value for "no timeout". */
const NEVER = 0;
/** Bun checks its timers every 4 s, and counts the time since its last check as part of the timeout. */
const SWEEP_SECONDS = 4;

/** The adapter for a request to Bun.serve. A Unix socket has none: its connections cannot be told apart. */
export function bunAdapter(bindings: object, request: Request, clock: Clock): ServerAdapter | undefined {
  const server = bindings as Partial<BunServer>;
  if (typeof server.requestIP !== "function" || typeof server.timeout !== "function") return undefined;
  const peer = server.requestIP(request);
  if (peer === null || peer.port === undefined) return undefined;
  return new BunAdapter(server as BunServer, request, `${peer.address} ${peer.port}`, clock);
}

class BunAdapter implements ServerAdapter {
  readonly server = "bun";
  readonly enforcement = "enforced";
  readonly minorVersion = 1;
  readonly addsKeepAlive = false;
  readonly key: string;
  readonly #bun: BunServer;
  readonly #request: Request;
  readonly #clock: Clock;

  constructor(bun: BunServer, request: Request, key: string, clock: Clock) {
    this.#bun = bun;
    this.#request = request;
    this.#clock = clock;
    this.key = key;
  }

  /** A stopped server ends the connection after the response, but does not add `Connection: close` to it. */
  get willClose(): boolean {
    return this.#bun.port === 0 || parseConnection(this.#request.headers.get("connection") ?? "").close;
  }

  /**
   * Bun's timer also runs while a handler works: 10 s unless `idleTimeout` says otherwise. Bun does not show the end of
   * a response.
   */
  requestStarted(): void {
    this.#bun.timeout(this.#request, NEVER);
  }

  writeAnnouncement(headers: ResponseFields, announcement: Announcement): void {
    setFields(headers, announcement);
  }

  /**
   * Bun's timer also runs while a response is sent, and would cut off a response that pauses. If Bun still knows the
   * request after one turn of the event loop, the response is streamed, so it gets the longest timeout that Bun has.
   */
  closeWhenIdle(ms: number): void {
    const seconds = Math.ceil(ms / 1000) + SWEEP_SECONDS;
    this.#bun.timeout(this.#request, seconds > LONGEST_SECONDS ? NEVER : seconds);
    if (seconds >= LONGEST_SECONDS) return;
    this.#clock.turn(() => {
      if (this.#bun.requestIP(this.#request) !== null) this.#bun.timeout(this.#request, LONGEST_SECONDS);
    });
  }
}
