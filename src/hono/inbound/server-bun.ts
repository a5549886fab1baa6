/** Inbound on Bun.serve: address and port, and a timer of the connection that can be set while the request lasts. */

import type { Clock } from "../../contract/clock.ts";
import type { Announcement } from "../../rules/announce.ts";
import { parseConnection } from "../../rules/hints.ts";
import { type ServerAdapter, writeFields } from "./server.ts";

/** As much of Bun's `Server` as is used. */
interface BunServer {
  /** 0 once it was stopped (Bun 1.4); `undefined` on a Unix socket. */
  readonly port?: number;
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
  timeout(request: Request, seconds: number): void;
}

/** The longest timeout that Bun can set. */
const LONGEST_SECONDS = 255;
const NEVER = 0;
/** Bun looks at its timers every 4 s, and takes the time since it last looked for part of the timeout. */
const SWEEP_SECONDS = 4;

/** The connection of a request to Bun.serve, unless it came over a Unix socket, where one is like the other. */
export function bunInbound(bindings: object, request: Request, clock: Clock): ServerAdapter | undefined {
  const server = bindings as Partial<BunServer>;
  if (typeof server.requestIP !== "function" || typeof server.timeout !== "function") return undefined;
  const peer = server.requestIP(request);
  if (peer === null || peer.port === undefined) return undefined;
  return new BunInbound(server as BunServer, request, `${peer.address} ${peer.port}`, clock);
}

class BunInbound implements ServerAdapter {
  readonly server = "bun";
  readonly enforcement = "enforced";
  readonly minorVersion = 1;
  readonly announcesItself = false;
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

  /** A server that was stopped ends the connection behind its response, and says nothing of it. */
  get ending(): boolean {
    return this.#bun.port === 0 || parseConnection(this.#request.headers.get("connection") ?? "").close;
  }

  /** Bun's timer runs while a handler works, too: 10 s unless `idleTimeout` says otherwise. It shows no end of a response. */
  begin(): void {
    this.#bun.timeout(this.#request, NEVER);
  }

  write(headers: Headers, announcement: Announcement): void {
    writeFields(headers, announcement);
  }

  /**
   * Bun's timer runs while a response is sent, too, and would cut off one that pauses. A request that Bun still knows
   * when the event loop has come round is being answered piece by piece, so it gets the longest time there is.
   */
  closeAfter(ms: number): void {
    const seconds = Math.ceil(ms / 1000) + SWEEP_SECONDS;
    this.#bun.timeout(this.#request, seconds > LONGEST_SECONDS ? NEVER : seconds);
    if (seconds >= LONGEST_SECONDS) return;
    this.#clock.turn(() => {
      if (this.#bun.requestIP(this.#request) !== null) this.#bun.timeout(this.#request, LONGEST_SECONDS);
    });
  }
}
