/** Habitual peer: the server's end of one connection, which answers requests and ends the connection by its habits. */

import type { Habits } from "./server-habits.ts";

/** What a peer is spoken to by: an end in memory, or a real socket. */
export interface PeerEnd {
  send(bytes: string): void;
  /** Sends FIN. */
  end(): void;
  onData(listener: (bytes: Uint8Array) => void): void;
  onClosed(listener: () => void): void;
}

/** Time as the peer needs it. */
export interface PeerClock {
  now(): number;
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

/** What happened on a connection. */
export interface PeerListener {
  /** A request was read, and will be answered. */
  answered(): void;
  /** A request was read on a connection that the server had given up before: it was sent too late. */
  late(): void;
}

const latin1 = new TextDecoder("latin1");

/** Answers the requests of one connection. Bodies are read by their `Content-Length`; chunked ones by their end. */
export class HabitualPeer {
  readonly #end: PeerEnd;
  readonly #habits: Habits;
  readonly #clock: PeerClock;
  readonly #listener: PeerListener;
  readonly #openedAt: number;
  #unread = "";
  #requests = 0;
  #busy = false;
  /** Closed, or forgotten. */
  #isOver = false;
  #timer: { cancel(): void } | undefined;

  constructor(end: PeerEnd, habits: Habits, clock: PeerClock, listener: PeerListener) {
    this.#end = end;
    this.#habits = habits;
    this.#clock = clock;
    this.#listener = listener;
    this.#openedAt = clock.now();
    end.onData((bytes) => this.#read(bytes));
    end.onClosed(() => this.#over());
    this.#rest();
  }

  #read(bytes: Uint8Array): void {
    if (this.#isOver) return this.#listener.late();
    this.#unread += latin1.decode(bytes);
    this.#next();
  }

  #next(): void {
    const length = this.#busy ? undefined : requestLength(this.#unread);
    if (length === undefined) return;
    const head = this.#unread.slice(0, length);
    this.#unread = this.#unread.slice(length);
    this.#busy = true;
    this.#timer?.cancel();
    this.#requests += 1;
    const closes = /^connection:.*\bclose\b/im.test(head) || this.#requests >= this.#habits.maxRequests;
    const { responseMs } = this.#habits;
    if (responseMs === 0) return this.#answer(closes, head.startsWith("HEAD"));
    this.#timer = this.#clock.schedule(responseMs, () => this.#answer(closes, head.startsWith("HEAD")));
  }

  #answer(closes: boolean, isHead: boolean): void {
    this.#busy = false;
    this.#listener.answered();
    const { announce, idleMs } = this.#habits;
    const said =
      announce && idleMs !== Infinity ? `Keep-Alive: timeout=${Math.floor(idleMs / 1000)}\r\n` : "";
    const connection = closes ? "Connection: close\r\n" : said;
    this.#end.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${connection}\r\n${isHead ? "" : "ok"}`);
    if (closes) return this.#leave();
    this.#rest();
    this.#next();
  }

  #rest(): void {
    const { idleMs, lifetimeMs } = this.#habits;
    const left = this.#openedAt + lifetimeMs - this.#clock.now();
    const ms = Math.min(idleMs, Math.max(0, left));
    if (ms === Infinity) return;
    this.#timer?.cancel();
    this.#timer = this.#clock.schedule(ms, () => {
      if (this.#habits.silent) this.#over();
      else this.#leave();
    });
  }

  #leave(): void {
    this.#over();
    this.#end.end();
  }

  #over(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }
}

/** The length of the first request, if it is there as a whole. */
function requestLength(text: string): number | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  if (/^transfer-encoding:/im.test(head)) {
    const end = text.indexOf("0\r\n\r\n", headEnd);
    return end < 0 ? undefined : end + 5;
  }
  const length = headEnd + 4 + Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  return text.length < length ? undefined : length;
}
