/** Server connection: one accepted socket, which behaves as the requests on it ask for. */

import type { Socket } from "node:net";
import type { Fault } from "./faults.ts";
import { FATE, type Ledger } from "./ledger.ts";
import { type Head, RequestReader } from "./request-reader.ts";
import { rightAnswer } from "./schedule.ts";

/**
 * After this time, a client that is not blocked has seen what arrived. If it uses the connection then, that is its
 * fault.
 */
const UNDER_WAY_MS = 60;
/** The unannounced idle limit varies by up to this share. */
const LIMIT_JITTER = 0.1;

/** A server that was blocked for this long does not know how long ago a request came. */
const STALL_MS = 25;
const TICK_MS = 5;

/** When this process was last blocked. */
let stalledAt = -Infinity;
let tickedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  if (now - tickedAt > STALL_MS) stalledAt = now;
  tickedAt = now;
}, TICK_MS).unref();

const STRAY = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray";

type Handler = (connection: ServerConnection, head: Head) => void;

/** Serves one connection until one side ends it. */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #ledger: () => Ledger;
  readonly #limitMs: number | undefined;
  #limit: NodeJS.Timeout | undefined;
  #requests = 0;
  /** When unsolicited bytes were sent. */
  #strayAt: number | undefined;
  /** The fault for the request that is being read. */
  #fault: Fault = "none";
  #over = false;

  constructor(socket: Socket, ledger: () => Ledger, limitMs: number | undefined) {
    this.#socket = socket;
    this.#ledger = ledger;
    this.#limitMs = limitMs;
    const reader = new RequestReader({
      head: (head) => this.#head(head),
      body: (head, received) => this.#body(head, received),
    });
    socket.setNoDelay(true);
    socket.on("error", () => {}); // RST from a client; "close" follows
    socket.on("close", () => this.end());
    socket.on("data", (bytes) => {
      if (!this.#over) reader.feed(bytes as Buffer);
    });
  }

  /** Ignores everything that arrives from now on. */
  end(): void {
    this.#over = true;
    clearTimeout(this.#limit);
  }

  #head(head: Head): void {
    clearTimeout(this.#limit);
    this.#requests += 1;
    const ledger = this.#ledger();
    const first = ledger.arrived(head.index);
    if (this.#mayHaveCrossed()) ledger.mark(head.index, FATE.crossed);
    this.#fault = first ? this.#applicable(head.fault as Fault) : "none";
    if (!this.#fault.startsWith("early-")) return;
    this.executed(head);
    const closes = this.#fault === "early-close";
    this.#socket.write(this.answer(head, closes ? "Connection: close\r\n" : ""));
  }

  /** Whether unsolicited bytes may still have been on the way when the client sent the request. */
  #mayHaveCrossed(): boolean {
    if (this.#strayAt === undefined) return false;
    const now = performance.now();
    const stalled = stalledAt >= this.#strayAt || now - tickedAt > STALL_MS;
    return stalled || now - this.#strayAt < UNDER_WAY_MS;
  }

  /** Some faults are for reused connections, one is for fresh ones. */
  #applicable(fault: Fault): Fault {
    const reusedOnly = /^(close-on|reset-on|execute-|half-body)/.test(fault);
    if (reusedOnly && this.#requests === 1) return "none";
    return fault === "fresh-close" && this.#requests > 1 ? "none" : fault;
  }

  #body(head: Head, received: number): void {
    if (this.#over) return;
    const whole = received === head.bodyBytes;
    if (this.#fault === "half-body-close" && head.bodyBytes > 1 && 2 * received >= head.bodyBytes) {
      this.mark(head, FATE.mendable);
      return this.close();
    }
    if (whole) (HANDLERS[this.#fault] ?? HANDLERS.none)?.(this, head);
  }

  mark({ index }: Head, fate: number): void {
    this.#ledger().mark(index, fate);
  }

  executed({ index }: Head): void {
    this.#ledger().executed(index);
  }

  answer(head: Head, field = ""): string {
    const body = rightAnswer(head.client, head.index, head.bodyBytes, head.answerBytes);
    return `HTTP/1.1 200 OK\r\n${field}Content-Length: ${body.length}\r\n\r\n${body}`;
  }

  send(text: string): void {
    this.#socket.write(text, "latin1");
    this.#startLimit();
  }

  /** Sends the given text, then FIN. The kernel answers later bytes with RST. */
  close(text?: string): void {
    this.end();
    if (text === undefined) this.#socket.destroy();
    else this.#socket.write(text, "latin1", () => this.#socket.destroy());
  }

  /** Sends FIN now, and reads the other direction to its end, so that no RST overtakes what was sent. */
  finish(): void {
    this.end();
    this.#socket.end();
  }

  reset(text?: string): void {
    this.end();
    if (text === undefined) this.#socket.resetAndDestroy();
    else this.#socket.write(text, "latin1", () => this.#socket.resetAndDestroy());
  }

  later(delayMs: number, what: () => void): void {
    if (delayMs === 0) setImmediate(what);
    else setTimeout(what, delayMs);
  }

  stray(text: string): void {
    if (this.#over) return;
    this.#strayAt = performance.now();
    this.#socket.write(text, "latin1");
  }

  #startLimit(): void {
    if (this.#limitMs === undefined) return;
    const jitter = 1 + LIMIT_JITTER * (2 * Math.random() - 1);
    this.#limit = setTimeout(() => this.close(), this.#limitMs * jitter);
  }
}

/** What happens by fault when a request has arrived. */
const HANDLERS: Readonly<Partial<Record<Fault, Handler>>> = {
  none: (connection, head) => {
    connection.executed(head);
    connection.send(connection.answer(head));
  },
  "close-on-arrival": (connection, head) => {
    connection.mark(head, FATE.mendable);
    connection.close();
  },
  "reset-on-arrival": (connection, head) => {
    connection.mark(head, FATE.mendable);
    connection.reset();
  },
  "execute-close": (connection, head) => {
    connection.executed(head);
    connection.mark(head, FATE.mendable);
    connection.close();
  },
  "execute-reset": (connection, head) => {
    connection.executed(head);
    connection.mark(head, FATE.mendable);
    connection.reset();
  },
  "fresh-close": (connection, head) => {
    connection.mark(head, FATE.fresh);
    connection.close();
  },
  "half-head": (connection, head) => {
    connection.executed(head);
    connection.mark(head, FATE.cut);
    connection.close("HTTP/1.1 200 OK\r\nContent-Le");
  },
  "truncate-length": (connection, head) => {
    cutShort(connection, head);
    connection.close(halfOf(connection.answer(head)));
  },
  "truncate-reset": (connection, head) => {
    cutShort(connection, head);
    connection.reset(halfOf(connection.answer(head)));
  },
  "truncate-chunked": (connection, head) => {
    cutShort(connection, head);
    const body = rightAnswer(head.client, head.index, head.bodyBytes, head.answerBytes);
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
    connection.close(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
  },
  "close-after": (connection, head) => {
    connection.executed(head);
    connection.send(connection.answer(head));
    connection.later(head.delayMs, () => connection.close());
  },
  "reset-after": (connection, head) => {
    connection.executed(head);
    // The client may lose the response with the connection if it has not read it yet.
    connection.mark(head, FATE.cut);
    connection.send(connection.answer(head));
    connection.later(head.delayMs, () => connection.reset());
  },
  surplus: (connection, head) => {
    connection.executed(head);
    connection.send(connection.answer(head) + STRAY);
  },
  "stray-idle": (connection, head) => {
    connection.executed(head);
    connection.send(connection.answer(head));
    connection.later(head.delayMs, () => connection.stray(STRAY));
  },
  "garbage-after": (connection, head) => {
    connection.executed(head);
    connection.send(connection.answer(head));
    connection.later(head.delayMs, () => connection.stray("\0\0\0 garbage\r\n\r\n"));
  },
  "early-keep": (connection) => connection.send(""),
  "early-close": (connection) => connection.finish(),
};

function cutShort(connection: ServerConnection, head: Head): void {
  connection.executed(head);
  connection.mark(head, FATE.cut);
}

/** Half of a response; at least one byte of the body is missing. */
function halfOf(response: string): string {
  const body = response.indexOf("\r\n\r\n") + 4;
  return response.slice(0, body + Math.floor((response.length - body) / 2));
}
