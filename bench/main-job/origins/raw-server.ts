/**
 * Raw server: HTTP/1 by hand over node:net, so that a habit decides every header and every close. It does correctly
 * whatever a habit does not decide.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { answerHead, bodyText } from "./answer.ts";
import { Ledger } from "./ledger.ts";
import { type Origin, REAL_TIME, type Time } from "./origin.ts";
import { hasToken, type ReadRequest, RequestReader } from "./request-reader.ts";

/** What a habit is told when a request arrives. */
export interface Facts {
  /** Number of requests on this connection, this one included. */
  readonly requests: number;
  /** Ms since the connection was accepted. */
  readonly ageMs: number;
  /** Ms since the last response on it, or since it was accepted. */
  readonly idleMs: number;
  /** Whether the request says `Connection: keep-alive`, without which some servers do not say it either. */
  readonly asksKeepAlive: boolean;
}

/** What a habit does with a request. */
export interface Reply {
  readonly headers?: readonly string[];
  /** Ends the connection after the response. `headers` may announce it. */
  readonly close?: boolean;
  /** Ends the connection instead of responding. */
  readonly drop?: boolean;
  /** Sends no `Content-Length`: the end of the connection ends the body. */
  readonly untilClose?: boolean;
  readonly delayMs?: number;
  /** Sends the body in this many pieces, with `delayMs` between them. */
  readonly pieces?: number;
}

/** A habit of a raw server. */
export interface Manners {
  readonly version?: "1.0" | "1.1";
  /** Closes without announcement when a connection was idle this long after a response. */
  readonly idleMs?: number;
  /** The clock for that; the real one by default. */
  readonly time?: Time | undefined;
  reply(facts: Facts): Reply;
}

const CLOSE = "Connection: close";

/** Starts a server with these manners on a free loopback port. */
export async function rawServer(manners: Manners): Promise<Origin> {
  const ledger = new Ledger();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    new Connection(socket, manners, ledger);
  });
  const port = await listen(server);
  return {
    port,
    turnTo: (client) => ledger.turnTo(client),
    seen: (client) => ledger.seen(client),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Listens on a free loopback port. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

class Connection {
  readonly #socket: Socket;
  readonly #manners: Manners;
  readonly #ledger: Ledger;
  readonly #reader = new RequestReader();
  readonly #time: Time;
  readonly #openedAt: number;
  #idleSince: number;
  #idleTimer: ReturnType<Time["schedule"]> | undefined;
  #requests = 0;
  #serving = false;
  #ended = false;

  constructor(socket: Socket, manners: Manners, ledger: Ledger) {
    this.#time = manners.time ?? REAL_TIME;
    this.#openedAt = this.#time.now();
    this.#idleSince = this.#openedAt;
    this.#socket = socket;
    this.#manners = manners;
    this.#ledger = ledger;
    ledger.connected();
    socket.on("error", () => {}); // "close" follows
    socket.on("close", () => this.#stop());
    socket.on("data", (bytes) => {
      this.#reader.push(bytes);
      this.#serveNext();
    });
  }

  #stop(): void {
    this.#ended = true;
    this.#idleTimer?.cancel();
  }

  #serveNext(): void {
    if (this.#serving || this.#ended) return;
    const request = this.#reader.next();
    if (request === undefined) return;
    this.#idleTimer?.cancel();
    this.#serving = true;
    this.#requests++;
    this.#serve(request).then(
      () => this.#served(),
      () => this.#socket.destroy(),
    );
  }

  #served(): void {
    this.#serving = false;
    this.#idleSince = this.#time.now();
    const { idleMs } = this.#manners;
    if (idleMs !== undefined && !this.#ended) {
      // Does what close() does: nothing sent later is answered.
      this.#idleTimer = this.#time.schedule(idleMs, () => this.#socket.destroy());
    }
    this.#serveNext();
  }

  async #serve(request: ReadRequest): Promise<void> {
    this.#ledger.received(request.headers.get("x-request-id") ?? "", request.method);
    const now = this.#time.now();
    const reply = this.#manners.reply({
      requests: this.#requests,
      ageMs: now - this.#openedAt,
      idleMs: now - this.#idleSince,
      asksKeepAlive: hasToken(request.headers.get("connection"), "keep-alive"),
    });
    if (reply.drop) {
      this.#stop();
      this.#socket.destroy();
      return;
    }
    if (reply.delayMs !== undefined) await this.#sleep(reply.delayMs);
    await this.#respond(request, reply);
  }

  async #respond(request: ReadRequest, reply: Reply): Promise<void> {
    const asked = hasToken(request.headers.get("connection"), "close");
    const headers = [...(reply.headers ?? [])];
    if (asked && !headers.includes(CLOSE)) headers.push(CLOSE);
    const { version = "1.1" } = this.#manners;
    const { untilClose = false } = reply;
    const body = bodyText(request.headers.get("x-request-id") ?? "", request.path);
    const head = answerHead({ version, request, headers, length: untilClose ? undefined : body.length });
    const [first = "", ...rest] = slices(body, reply.pieces ?? 1);
    this.#write(head + first);
    for (const piece of rest) {
      await this.#sleep(reply.delayMs ?? 0);
      this.#write(piece);
    }
    if (!reply.close && !asked && !untilClose) return;
    this.#stop();
    this.#socket.end();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#time.schedule(ms, resolve));
  }

  #write(text: string): void {
    if (!this.#ended) this.#socket.write(text, "latin1");
  }
}

function slices(text: string, count: number): string[] {
  const size = Math.ceil(text.length / count);
  return Array.from({ length: count }, (_, at) => text.slice(at * size, (at + 1) * size));
}
