/**
 * Origin: two raw servers, HERE and THERE, which answer the nth request that either of them gets with the nth drawn
 * answer, and note what they were sent.
 */

import { Buffer } from "node:buffer";
import { createServer, type Server, type Socket } from "node:net";
import type { Answer } from "./draw-answers.ts";

const ADDRESS = "127.0.0.1";

/** A whole request. Its texts have a character for each byte. */
export interface Noted {
  readonly line: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export class Origin implements AsyncDisposable {
  readonly requests: Noted[] = [];
  readonly #answers: readonly Answer[];
  readonly #sockets: Set<Socket> = new Set();
  readonly #servers: readonly Server[] = [this.#server(), this.#server()];
  #hosts: readonly string[] = [];

  private constructor(answers: readonly Answer[]) {
    this.#answers = answers;
  }

  static async listening(answers: readonly Answer[]): Promise<Origin> {
    const origin = new Origin(answers);
    await Promise.all(
      origin.#servers.map((server) => new Promise<void>((resolve) => server.listen(0, ADDRESS, resolve))),
    );
    origin.#hosts = origin.#servers.map((server) => {
      const address = server.address();
      return `${ADDRESS}:${typeof address === "object" ? address?.port : ""}`;
    });
    return origin;
  }

  /** Puts the addresses in. */
  readonly fill = (text: string): string => {
    const [here = "", there = ""] = this.#hosts;
    return text.replaceAll(/T?HERE/g, (name) => (name === "HERE" ? here : there));
  };

  /** Takes the addresses out. */
  readonly blank = (text: string): string => {
    const [here = "", there = ""] = this.#hosts;
    return text.replaceAll(here, "HERE").replaceAll(there, "THERE");
  };

  #server(): Server {
    return createServer((socket) => {
      this.#sockets.add(socket);
      socket.setNoDelay();
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      let received = "";
      socket.on("data", (bytes: Buffer) => {
        received += bytes.toString("latin1");
        // TLS, which these servers do not speak.
        if (received.startsWith("\x16")) return socket.destroy();
        for (let cut = requestIn(received); cut !== undefined; cut = requestIn(received)) {
          received = received.slice(cut.end);
          this.#answer(socket, cut.request);
        }
        return undefined;
      });
    });
  }

  #answer(socket: Socket, request: Noted): void {
    const answer = this.#answers[Math.min(this.requests.length, this.#answers.length - 1)];
    this.requests.push(request);
    if (answer === undefined) return;
    const { head, body, ends } = answer;
    const bodiless = request.line.startsWith("HEAD ");
    socket.write(Buffer.from(this.fill(head) + (bodiless ? "" : body), "latin1"));
    // A client may use the connection again whose end was not announced, and was not needed to know where the body ends.
    if (ends && (!bodiless || head.includes("Connection: close"))) socket.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** The first whole request of what was received, and where it ends. */
function requestIn(received: string): { readonly request: Noted; readonly end: number } | undefined {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [line = "", ...lines] = received.slice(0, headEnd).split("\r\n");
  const fields = lines.map((field): [string, string] => {
    const colon = field.indexOf(":");
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  const start = headEnd + 4;
  const said = (wanted: string) => fields.find(([name]) => name === wanted)?.[1];
  const body =
    said("transfer-encoding") === undefined
      ? measured(received, start, Number(said("content-length") ?? 0))
      : chunked(received, start);
  return body === undefined ? undefined : { request: { line, fields, body: body.text }, end: body.end };
}

interface Cut {
  readonly text: string;
  readonly end: number;
}

function measured(received: string, start: number, length: number): Cut | undefined {
  const end = start + length;
  return received.length < end ? undefined : { text: received.slice(start, end), end };
}

/** Without trailers, which no call here sends. */
function chunked(received: string, start: number): Cut | undefined {
  let text = "";
  for (let at = start; ; ) {
    const lineEnd = received.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(received.slice(at, lineEnd), 16);
    at = lineEnd + 2 + length + 2;
    if (received.length < at) return undefined;
    if (length === 0) return { text, end: at };
    text += received.slice(lineEnd + 2, at - 2);
  }
}
