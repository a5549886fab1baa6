/** Node's parser: reads a response with Node's HTTP client, and reports whether it reuses the connection. */

import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { Duplex } from "node:stream";
import type { Sample } from "./generate.ts";

/** Node's result. */
export interface NodeReading {
  /** `HPE_…` if the parser refused the response, another code if the connection was lost before its end. */
  readonly error: string | undefined;
  readonly status: number | undefined;
  readonly reason: string | undefined;
  /** Names and values in turn, in the order of the message. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly interim: number;
  readonly complete: boolean;
  /** Whether the agent keeps the connection for another request. */
  readonly reused: boolean;
}

/** A socket in memory: bytes are pushed into it, and what is written goes nowhere. */
class Wire extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Listener {
  error: string | undefined;
  response: IncomingMessage | undefined;
  interim = 0;
  ended = false;
  readonly chunks: Buffer[] = [];

  constructor(asked: ClientRequest) {
    asked.on("error", (error: NodeJS.ErrnoException) => {
      this.error ??= error.code ?? error.message;
    });
    asked.on("information", () => {
      this.interim += 1;
    });
    asked.on("upgrade", () => {
      this.error ??= "UPGRADE";
    });
    asked.on("response", (response) => this.#take(response));
  }

  #take(response: IncomingMessage): void {
    this.response = response;
    response.on("data", (chunk: Buffer) => this.chunks.push(chunk));
    response.on("end", () => {
      this.ended = true;
    });
    response.on("error", (error: NodeJS.ErrnoException) => {
      this.error ??= error.code ?? error.message;
    });
  }
}

/** Lets Node's client read one response, and then the end of the connection if it waits for more. */
export async function nodeReads({ method, text }: Sample): Promise<NodeReading> {
  const wire = new Wire();
  const agent = Object.assign(new Agent({ keepAlive: true }), { createConnection: () => wire });
  const asked = request({ method, host: "a.test", agent });
  const listener = new Listener(asked);
  asked.end();
  await turn();
  wire.push(Buffer.from(text, "latin1"));
  await turn();
  await turn();
  const reused = listener.ended && Object.keys(agent.freeSockets).length > 0 && !wire.destroyed;
  const early = listener.ended;
  if (!early && !wire.destroyed) wire.push(null);
  await turn();
  await turn();
  const { response } = listener;
  agent.destroy();
  wire.destroy();
  return {
    error: listener.error,
    status: response?.statusCode,
    reason: response?.statusMessage,
    fields: response?.rawHeaders ?? [],
    body: Buffer.concat(listener.chunks).toString("latin1"),
    trailers: response?.rawTrailers ?? [],
    interim: listener.interim,
    complete: listener.ended && response?.complete === true,
    reused,
  };
}
