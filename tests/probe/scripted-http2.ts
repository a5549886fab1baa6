/** Scripted HTTP/2: a server in memory that speaks HTTP/2, whose limits are known, on a clock that is moved by hand. */

import { type MemoryPeer, type MemoryTransport, memoryTransport } from "../../transports/memory.ts";
import type { MovableClock } from "../support/clock.ts";

/** What the server does. `Infinity`: never. */
export interface Http2Script {
  readonly idleMs?: number;
  readonly unusedMs?: number;
  /** GOAWAY comes with the answer to this request. */
  readonly requests?: number;
  readonly lifetimeMs?: number;
  /** GOAWAY ENHANCE_YOUR_CALM answers the PING after so many. */
  readonly pings?: number;
  /** PINGs count as use. */
  readonly pingsProlong?: boolean;
  /** Whether it speaks HTTP/1.1 as well. */
  readonly only?: boolean;
  readonly settings?: readonly (readonly [number, number])[];
  readonly connectionWindow?: number;
  /** Resets each stream. */
  readonly resets?: boolean;
}

const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8];
const PREFACE_LENGTH = 24;
const [ACK, END_STREAM] = [1, 1];

function frame(type: number, flags: number, id: number, payload: readonly number[] = []): Uint8Array {
  return Uint8Array.from([
    0,
    payload.length >> 8,
    payload.length & 255,
    type,
    flags,
    0,
    0,
    id >> 8,
    id & 255,
    ...payload,
  ]);
}

function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** A transport whose every connection with TLS leads to the server. Without HTTP/2 it answers by HTTP/1.1, with no limits. */
export function scriptedHttp2(script: Http2Script, clock: MovableClock): MemoryTransport {
  return memoryTransport({
    alpn: "h2",
    connect: ({ tls }) => (script.only === true && tls?.alpn.includes("h2") === false ? "tls" : "accept"),
    accept: (peer) => {
      if (peer.tls?.alpn.includes("h2") === false) peer.onData(() => peer.send("HTTP/1.1 200 OK\r\n\r\n"));
      else new Visit(peer, script, clock);
    },
  });
}

class Visit {
  readonly #peer: MemoryPeer;
  readonly #script: Http2Script;
  readonly #clock: MovableClock;
  readonly #openedAt: number;
  #bytes: number[] = [];
  #skip = PREFACE_LENGTH;
  #requests = 0;
  #isLeaving = false;
  #pings = 0;
  #lastId = 0;
  #cancel: () => void = () => {};

  constructor(peer: MemoryPeer, script: Http2Script, clock: MovableClock) {
    this.#peer = peer;
    this.#script = script;
    this.#clock = clock;
    this.#openedAt = clock.now();
    const settings = (script.settings ?? []).flatMap(([key, value]) => [0, key, ...uint32(value)]);
    peer.send(frame(SETTINGS, 0, 0, settings));
    if (script.connectionWindow !== undefined)
      peer.send(frame(WINDOW_UPDATE, 0, 0, uint32(script.connectionWindow - 65_535)));
    this.#leaveAfter(script.unusedMs);
    peer.onData((bytes) => this.#read(bytes));
    peer.onClosed(() => this.#cancel());
  }

  #leaveAfter(ms = Infinity): void {
    this.#cancel();
    if (ms === Infinity) return;
    const timer = this.#clock.schedule(ms, () => this.#leave(0));
    this.#cancel = () => timer.cancel();
  }

  #leave(code: number, text = ""): void {
    this.#peer.send(this.#goaway(code, text));
    this.#peer.end();
  }

  #goaway(code: number, text = ""): Uint8Array {
    const debug = [...text].map((sign) => sign.charCodeAt(0));
    return frame(GOAWAY, 0, 0, [...uint32(this.#lastId), ...uint32(code), ...debug]);
  }

  #read(bytes: Uint8Array): void {
    this.#bytes.push(...bytes);
    const skipped = Math.min(this.#skip, this.#bytes.length);
    this.#bytes.splice(0, skipped);
    this.#skip -= skipped;
    for (;;) {
      const size = ((this.#bytes[1] ?? 0) << 8) | (this.#bytes[2] ?? 0);
      if (this.#skip > 0 || this.#bytes.length < 9 + size) return;
      const [, , , type = 0, flags = 0, , , high = 0, low = 0] = this.#bytes.splice(0, 9);
      this.#got(type, flags, (high << 8) | low, this.#bytes.splice(0, size));
    }
  }

  #got(type: number, flags: number, id: number, payload: readonly number[]): void {
    if (type === HEADERS) this.#asked(id);
    if (type === PING && flags === 0) this.#pinged(payload);
    if (type === SETTINGS && flags === 0) this.#peer.send(frame(SETTINGS, ACK, 0));
  }

  #asked(id: number): void {
    const script = this.#script;
    if (this.#isLeaving) return;
    this.#requests += 1;
    this.#lastId = id;
    if (script.resets === true) return this.#peer.send(frame(RST_STREAM, 0, id, uint32(2)));
    // `:status: 200` of the static table, and a body.
    const answer = [...frame(HEADERS, 4, id, [0x88]), ...frame(DATA, END_STREAM, id, [104, 105])];
    const isOld = this.#clock.now() - this.#openedAt >= (script.lifetimeMs ?? Infinity);
    const isLast = isOld || this.#requests >= (script.requests ?? Infinity);
    // It leaves the end to the client, and answers nothing more.
    this.#isLeaving = isLast;
    this.#peer.send(Uint8Array.from(isLast ? [...answer, ...this.#goaway(0)] : answer));
    this.#leaveAfter(isLast ? Infinity : script.idleMs);
  }

  #pinged(payload: readonly number[]): void {
    this.#pings += 1;
    if (this.#pings > (this.#script.pings ?? Infinity)) return this.#leave(11, "too_many_pings");
    this.#peer.send(frame(PING, ACK, 0, payload));
    if (this.#script.pingsProlong === true) this.#leaveAfter(this.#script.idleMs);
  }
}
