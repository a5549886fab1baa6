/** A client that sends given bytes on a socket and splits the received bytes into responses. */

import { connect, type Socket } from "node:net";
import { PATIENCE_MS } from "../../support/patience.ts";

/** One response as received. */
export interface RawResponse {
  readonly version: string;
  readonly status: number;
  /** Values by lower-case name. Values of repeated fields are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One connection. */
export class RawClient {
  readonly #socket: Socket;
  #buffer = "";
  #closedAt: number | undefined;
  #waiting: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#buffer += text;
      this.#wake();
    });
    for (const event of ["end", "close", "error"]) socket.on(event, () => this.#onEnd());
  }

  /** Opens a connection to a port of this machine. */
  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => resolve(new RawClient(socket)));
    });
  }

  /** Whether the server has ended the connection. */
  get closed(): boolean {
    return this.#closedAt !== undefined;
  }

  /** Bytes received that no `response()` has consumed yet. */
  get unread(): string {
    return this.#buffer;
  }

  /** Sends bytes as they are. */
  send(text: string): void {
    this.#socket.write(text, "latin1");
  }

  /** Sends a request without a body. */
  get(path: string, version = "1.1", ...fields: string[]): void {
    this.send(`GET ${path} HTTP/${version}\r\n${["Host: a.test", ...fields].join("\r\n")}\r\n\r\n`);
  }

  /** The next response. */
  async response(timeoutMs = PATIENCE_MS): Promise<RawResponse> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const taken = takeResponse(this.#buffer, this.closed);
      if (taken !== undefined) {
        this.#buffer = taken.rest;
        return taken.response;
      }
      if (this.closed) throw new Error(`Closed before a response: ${JSON.stringify(this.#buffer)}`);
      await this.#nextData(deadline - performance.now(), "response");
    }
  }

  /** Resolves when the server ends the connection, with the time by `performance.now()`. */
  async end(timeoutMs = PATIENCE_MS): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    while (this.#closedAt === undefined) await this.#nextData(deadline - performance.now(), "end");
    return this.#closedAt;
  }

  /** Resolves when the unread bytes contain `text`. */
  async heard(text: string, timeoutMs = PATIENCE_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#buffer.includes(text)) await this.#nextData(deadline - performance.now(), text);
  }

  /** Drops the connection. */
  abort(): void {
    this.#socket.destroy();
  }

  #nextData(ms: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No ${what} in time: ${this.#buffer}`)),
        Math.max(0, ms),
      );
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #onEnd(): void {
    this.#closedAt ??= performance.now();
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

interface Taken {
  readonly response: RawResponse;
  readonly rest: string;
}

function takeResponse(text: string, closed: boolean): Taken | undefined {
  const at = text.indexOf("\r\n\r\n");
  if (at < 0) return undefined;
  const [start = "", ...lines] = text.slice(0, at).split("\r\n");
  const [version = "", status = ""] = start.split(" ");
  const headers = fields(lines);
  const after = text.slice(at + 4);
  const taken = takeBody(after, Number(status), headers, closed);
  if (taken === undefined) return undefined;
  const [body, rest] = taken;
  return { response: { version, status: Number(status), headers, body }, rest };
}

function fields(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  return headers;
}

function takeBody(
  text: string,
  status: number,
  headers: ReadonlyMap<string, string>,
  closed: boolean,
): [body: string, rest: string] | undefined {
  if (status === 204 || status === 304) return ["", text];
  if (headers.get("transfer-encoding") === "chunked") return takeChunks(text);
  const length = headers.get("content-length");
  if (length === undefined) return closed ? [text, ""] : undefined;
  return text.length < Number(length)
    ? undefined
    : [text.slice(0, Number(length)), text.slice(Number(length))];
}

function takeChunks(text: string): [body: string, rest: string] | undefined {
  let body = "";
  let at = 0;
  for (;;) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    const end = line + 2 + size + 2;
    if (text.length < end) return undefined;
    if (size === 0) return [body, text.slice(end)];
    body += text.slice(line + 2, line + 2 + size);
    at = end;
  }
}
