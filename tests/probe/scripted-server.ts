/** Scripted server: a server in memory whose limits are known, on a clock that is moved by hand. */

import { type MemoryPeer, type MemoryTransport, memoryTransport } from "../../transports/memory.ts";
import type { MovableClock } from "../support/clock.ts";

/** What the server does. `Infinity`: never. */
export interface Script {
  readonly idleMs?: number;
  readonly unusedMs?: number;
  readonly requests?: number;
  readonly lifetimeMs?: number;
  /** After this idle time requests are swallowed: a NAT has forgotten the connection. */
  readonly forgetsMs?: number;
  /** How much an idle limit varies: 0.1 is from 10 % below to the limit itself. */
  readonly jitter?: number;
  /** Added to every answer. */
  readonly fields?: string;
  readonly status?: (request: number) => string;
  /** Ends by RST instead of FIN. */
  readonly resets?: boolean;
  /** What it says before it closes an unused connection. */
  readonly says?: string;
  readonly addresses?: readonly string[];
  /** At this time, from the start, it closes all idle connections: it is reloaded. */
  readonly reloadsAtMs?: number;
  /** Idle limits of the addresses, in place of `idleMs`. */
  readonly idleAt?: Readonly<Record<string, number>>;
  /** Dials after so many are refused. */
  readonly accepts?: number;
  /** This address refuses connections. */
  readonly refuses?: string;
  /** TLS fails. */
  readonly refusesTls?: boolean;
  /** The runtime can turn TCP keepalive on, and nothing else. */
  readonly cannotKeepAlive?: boolean;
  /** Bytes of an answer to GET. */
  readonly bodyBytes?: number;
  /** Answers begin and never end. */
  readonly endless?: boolean;
  /** Where a connection was forgotten, the next request is answered by RST. */
  readonly lateReset?: boolean;
  /** Accepts connections and never answers. */
  readonly mute?: boolean;
  /** Answers this instead of HTTP. */
  readonly speaks?: string;
}

/** What a movable clock shows at first. */
const START_MS = 1000;

/** A transport whose every connection leads to the server. */
export function scriptedServer(script: Script, clock: MovableClock): MemoryTransport {
  let seen = 0;
  let dials = 0;
  return memoryTransport({
    accept: (peer) => void new Visit(peer, script, clock, () => (seen += 1)),
    connect: ({ address }) => {
      if (script.refusesTls === true) return "tls";
      const isRefused = ++dials > (script.accepts ?? Infinity) || address === (script.refuses ?? "");
      return isRefused ? "refused" : "accept";
    },
    ...(script.cannotKeepAlive === true ? { can: { tcpKeepAlive: "toggle" } } : {}),
    ...(script.addresses === undefined ? {} : { resolve: () => script.addresses ?? [] }),
  });
}

class Visit {
  readonly #peer: MemoryPeer;
  readonly #script: Script;
  readonly #clock: MovableClock;
  readonly #count: () => number;
  readonly #openedAt: number;
  #quietSince: number;
  #requests = 0;
  /** Probes of the kernel keep the connection from being forgotten, if they come this often. */
  #warmMs = Infinity;
  #cancel: () => void = () => {};

  constructor(peer: MemoryPeer, script: Script, clock: MovableClock, count: () => number) {
    this.#peer = peer;
    this.#script = script;
    this.#clock = clock;
    this.#count = count;
    this.#openedAt = clock.now();
    this.#quietSince = clock.now();
    this.#closeAfter(script.unusedMs ?? Infinity, script.says);
    const reload = START_MS + (script.reloadsAtMs ?? Infinity) - clock.now();
    if (reload > 0 && reload < Infinity) clock.schedule(reload, () => this.#end());
    this.#warmMs =
      peer.target.tcpKeepAlive === false ? Infinity : (peer.target.tcpKeepAlive.idleMs ?? Infinity);
    peer.onData((bytes) => this.#asked(new TextDecoder().decode(bytes)));
    peer.onClosed(() => this.#cancel());
  }

  #closeAfter(ms: number, says?: string): void {
    this.#cancel();
    if (ms === Infinity) return;
    const timer = this.#clock.schedule(ms, () => {
      if (says !== undefined) this.#peer.send(says);
      this.#end();
    });
    this.#cancel = () => timer.cancel();
  }

  #end(): void {
    if (this.#script.resets === true) this.#peer.reset();
    else this.#peer.end();
  }

  #asked(text: string): void {
    const { script, now } = { script: this.#script, now: this.#clock.now() };
    if (script.mute === true) return;
    if (Math.min(now - this.#quietSince, this.#warmMs) > (script.forgetsMs ?? Infinity))
      return script.lateReset === true ? this.#peer.reset() : undefined;
    if (script.endless === true) return this.#peer.send("HTTP/1.1 200 OK\r\nContent-");
    if (script.speaks !== undefined) return this.#peer.send(script.speaks);
    this.#requests += 1;
    const isOld = now - this.#openedAt >= (script.lifetimeMs ?? Infinity);
    const isLast = isOld || this.#requests >= (script.requests ?? Infinity) || / HTTP\/1\.0\r\n/.test(text);
    const { bodyBytes = 2 } = script;
    const body = text.startsWith("HEAD") ? "" : "x".repeat(bodyBytes);
    const status = script.status?.(this.#count()) ?? "200 OK";
    const close = isLast ? "Connection: close\r\n" : "";
    this.#peer.send(
      `HTTP/1.1 ${status}\r\nContent-Length: ${bodyBytes}\r\n${script.fields ?? ""}${close}\r\n${body}`,
    );
    this.#quietSince = now;
    if (isLast) return this.#end();
    const idleMs = script.idleAt?.[this.#peer.target.address ?? ""] ?? script.idleMs ?? Infinity;
    this.#closeAfter(idleMs * (1 - (script.jitter ?? 0) * ((this.#peer.id % 5) / 4)));
  }
}
