/**
 * Mock: a server that answers as the driver says, or fails, hangs up or keeps silent as the step says. The client tells it
 * so over a second port, on which nothing is counted. It runs in the process of `main.ts` for all three runtimes, so that
 * none of them is judged by its own server.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer, Driver, Question } from "./driver.ts";

/** What the server does with the requests of a step. `lose` is done to the first one only. */
export type Mode = "answer" | "fail" | "lose" | "hold";

export interface Addresses {
  readonly url: string;
  readonly control: string;
}

/** What the server saw since the step began. */
export interface Seen {
  /** Method, framing and type of each request. */
  readonly requests: readonly string[];
  /** The names of the fields of the first request, but for those that each runtime's fetch adds in its own way. */
  readonly fields: readonly string[];
  /** Whether one of the bodies held the payload. */
  readonly payload: boolean;
}

export interface Mock extends Addresses {
  /** Since the server was started: connections, and requests that came on one that had carried others. */
  counts(): { readonly connections: number; readonly reused: number };
  close(): void;
}

const AMBIENT = new Set(
  "host connection user-agent accept accept-encoding accept-language sec-fetch-mode cache-control pragma priority".split(
    " ",
  ),
);
const HOST = "127.0.0.1";

/** Something that happens once. */
class Latch {
  open!: () => void;
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.open = resolve;
  });
}

/** What a step waits for, made anew for each step. */
class Step {
  readonly arrived: Latch = new Latch();
  readonly closed: Latch = new Latch();
  readonly more: Latch = new Latch();
  readonly questions: Question[] = [];
  readonly mode: Mode;
  lost = false;

  constructor(mode: Mode) {
    this.mode = mode;
  }
}

/** What the server needs of a driver. */
type Answering = Pick<Driver, "answer" | "counts" | "failure">;

export async function startMock(driver: Answering, payload: string): Promise<Mock> {
  let step = new Step("answer");
  let connections = 0;
  let reused = 0;
  const used = new WeakSet<object>();

  const server = createServer(async (request, response) => {
    if (used.has(request.socket)) reused += 1;
    used.add(request.socket);
    const question = await read(request);
    const current = step;
    if (driver.counts?.(question) === false) return send(response, driver.answer(question), current);
    current.questions.push(question);
    await serve(response, question, current);
  });
  server.on("connection", () => {
    connections += 1;
  });

  async function serve(response: ServerResponse, question: Question, current: Step): Promise<void> {
    if (current.mode === "hold") {
      response.on("close", current.closed.open);
      current.arrived.open();
    } else if (current.mode === "lose" && !current.lost) {
      current.lost = true;
      response.socket?.destroy();
    } else if (current.mode === "fail") {
      const body = driver.failure ?? JSON.stringify({ error: { message: "teapot" } });
      await send(response, { status: 400, headers: { "content-type": "application/json" }, body }, current);
    } else {
      await send(response, driver.answer(question), current);
    }
  }

  const control = createServer(async (request, response) => {
    const [, word, argument] = (request.url ?? "").split("/");
    if (word === "begin") step = new Step(argument as Mode);
    else if (word === "arrived") await step.arrived.opened;
    else if (word === "closed") await step.closed.opened;
    else if (word === "more") step.more.open();
    response.end(JSON.stringify(seen(step.questions, payload)));
  });

  return {
    url: await listen(server),
    control: await listen(control),
    counts: () => ({ connections, reused }),
    close() {
      for (const one of [server, control]) {
        one.close();
        one.closeAllConnections();
      }
    },
  };
}

async function listen(server: Server): Promise<string> {
  // Longer than any run: a connection ends because of the client, or because a step says so.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return `http://${HOST}:${(server.address() as AddressInfo).port}`;
}

async function read(request: IncomingMessage): Promise<Question> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    // The client went away in the middle of its request.
  }
  const { method = "", url: path = "", headers } = request;
  return { method, path, headers, body: Buffer.concat(chunks).toString("latin1") };
}

async function send(response: ServerResponse, answer: Answer, step: Step): Promise<void> {
  response.writeHead(answer.status ?? 200, answer.headers);
  const [first, ...rest] = answer.pieces ?? [];
  if (first === undefined) {
    response.end(answer.body ?? "");
    return;
  }
  response.write(first);
  await step.more.opened;
  for (const piece of rest) response.write(piece);
  response.end();
}

function seen(questions: readonly Question[], payload: string): Seen {
  const names = Object.keys(questions[0]?.headers ?? {}).filter((name) => !AMBIENT.has(name));
  const encoded = Buffer.from(payload).toString("base64");
  return {
    requests: questions.map(described),
    fields: names.sort(),
    payload: questions.some(({ body }) => body.includes(payload) || body.includes(encoded)),
  };
}

function described({ method, headers }: Question): string {
  const chunked = headers["transfer-encoding"] !== undefined;
  const length = headers["content-length"] !== undefined;
  const framing = [chunked ? "chunked" : "", length ? "with a length" : ""].filter((word) => word !== "");
  const type = headers["content-type"]?.split(";")[0] ?? "";
  return [method, ...framing, type].filter((word) => word !== "").join(" ");
}
