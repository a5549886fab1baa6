/**
 * gRPC over a pool, in one file: unary calls, streams in either direction and in both, deadlines and cancellation. The
 * client below is nothing but `pool.request()` over HTTP/2. Messages are JSON, so that no compiler is needed; a codec of
 * protocol buffers fits in the same two functions.
 *
 * ```sh
 * npx tsx examples/grpc.ts                                   # starts a demo server in Node, and calls it
 * npx tsx examples/grpc.ts serve 50051                       # the demo server alone
 * deno run -A examples/grpc.ts http://127.0.0.1:50051
 * bun examples/grpc.ts http://127.0.0.1:50051
 * ```
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type {
  sendUnaryData as Answer,
  ServerDuplexStream as DuplexCall,
  ServerReadableStream as ReadingCall,
  ServerUnaryCall as UnaryCall,
  ServerWritableStream as WritingCall,
} from "@grpc/grpc-js";
import { createPool, HoldfastError, type Pool, type PoolResponse } from "@holdfast/pool";

// Codec

const toBytes = (message: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(message));
const fromBytes = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));

// Client

const OK = 0;
const CANCELLED = 1;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const INTERNAL = 13;
const UNAVAILABLE = 14;

/** A call that did not end with the status OK. */
class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: number;

  constructor(code: number, details: string, options?: ErrorOptions) {
    super(details, options);
    this.code = code;
  }
}

interface CallOptions {
  /** How long the call may take. The server is told, too. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Calls the methods of one server. A path is `/package.Service/Method`. */
class GrpcClient {
  readonly #pool: Pool;
  readonly #url: string;

  constructor(pool: Pool, url: string) {
    this.#pool = pool;
    this.#url = url;
  }

  /** One message each way. */
  unary(path: string, message: unknown, options?: CallOptions): Promise<unknown> {
    return only(this.#call(path, framed(message), options));
  }

  /** One message, and a stream in return. */
  serverStream(path: string, message: unknown, options?: CallOptions): AsyncGenerator<unknown> {
    return this.#call(path, framed(message), options);
  }

  /** A stream, and one message in return. */
  clientStream(path: string, messages: Messages, options?: CallOptions): Promise<unknown> {
    return only(this.#call(path, framedEach(messages), options));
  }

  /** A stream each way, at the same time. */
  duplex(path: string, messages: Messages, options?: CallOptions): AsyncGenerator<unknown> {
    return this.#call(path, framedEach(messages), options);
  }

  /** Who stops reading cancels the call. */
  async *#call(path: string, body: Body, options: CallOptions = {}): AsyncGenerator<unknown> {
    try {
      const response = await this.#send(path, body, options);
      // A call that fails at once has its status in the head, and no body.
      if (!response.headers.has("grpc-status")) yield* messagesIn(response.body);
      throwUnlessOk(response);
    } catch (error) {
      throw asGrpcError(error, options);
    }
  }

  #send(path: string, body: Body, { deadlineMs, signal, metadata }: CallOptions): Promise<PoolResponse> {
    const timeout = deadlineMs === undefined ? {} : { "grpc-timeout": `${deadlineMs}m` };
    return this.#pool.request(this.#url + path, {
      method: "POST",
      headers: { "content-type": "application/grpc+json", te: "trailers", ...timeout, ...metadata },
      body,
      // A stream may be silent for as long as it likes.
      headersTimeout: Infinity,
      bodyIdleTimeout: Infinity,
      requestTimeout: deadlineMs ?? Infinity,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

type Messages = Iterable<unknown> | AsyncIterable<unknown>;
type Body = Uint8Array<ArrayBuffer> | AsyncIterable<Uint8Array>;

/** A message with its prefix: a flag, which says that it is not compressed, and its length. */
function framed(message: unknown): Uint8Array<ArrayBuffer> {
  const bytes = toBytes(message);
  const frame = new Uint8Array(5 + bytes.length);
  new DataView(frame.buffer).setUint32(1, bytes.length);
  frame.set(bytes, 5);
  return frame;
}

async function* framedEach(messages: Messages): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield framed(message);
}

/** The messages of a body, in whichever pieces it comes. */
async function* messagesIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let rest = new Uint8Array();
  for await (const piece of body) {
    const bytes = new Uint8Array(rest.length + piece.length);
    bytes.set(rest);
    bytes.set(piece, rest.length);
    let at = 0;
    for (let end = endOfMessage(bytes, at); end <= bytes.length; end = endOfMessage(bytes, at)) {
      yield fromBytes(bytes.subarray(at + 5, end));
      at = end;
    }
    rest = bytes.slice(at);
  }
  if (rest.length > 0) throw new GrpcError(INTERNAL, "The stream ended within a message");
}

function endOfMessage(bytes: Uint8Array, at: number): number {
  if (bytes.length < at + 5) return Infinity;
  return at + 5 + new DataView(bytes.buffer).getUint32(at + 1);
}

async function only(messages: AsyncGenerator<unknown>): Promise<unknown> {
  let found: { readonly message: unknown } | undefined;
  for await (const message of messages) found = { message };
  if (found === undefined) throw new GrpcError(INTERNAL, "The server sent no message");
  return found.message;
}

/** The status is in the trailers; in the head, if the call failed before there was a body. */
function throwUnlessOk({ status, headers, trailers }: PoolResponse): void {
  const fields = new Map([...headers, ...trailers]);
  const code = fields.get("grpc-status");
  if (code === undefined)
    throw new GrpcError(status === 503 ? UNAVAILABLE : UNKNOWN, `HTTP status ${status}`);
  if (Number(code) !== OK)
    throw new GrpcError(Number(code), decodeURIComponent(fields.get("grpc-message") ?? ""));
}

function asGrpcError(error: unknown, { signal }: CallOptions): unknown {
  if (error instanceof GrpcError) return error;
  if (signal?.aborted === true) return new GrpcError(CANCELLED, "The caller cancelled", { cause: error });
  if (!(error instanceof HoldfastError)) return error;
  const code = error.code === "ERR_REQUEST_TIMEOUT" ? DEADLINE_EXCEEDED : UNAVAILABLE;
  return new GrpcError(code, error.message, { cause: error });
}

// Demo: a server of @grpc/grpc-js, and calls of each kind

interface Counting {
  readonly to: number;
  readonly fails?: boolean;
  readonly waits?: boolean;
}

async function serve(port: number): Promise<void> {
  const { Server, ServerCredentials, status } = await import("@grpc/grpc-js");
  const codec = {
    requestSerialize: (message: unknown) => Buffer.from(toBytes(message)),
    requestDeserialize: fromBytes,
    responseSerialize: (message: unknown) => Buffer.from(toBytes(message)),
    responseDeserialize: fromBytes,
  };
  const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
    [name]: { path: `/demo.Talk/${name}`, requestStream, responseStream, ...codec },
  });
  const cancelled: string[] = [];
  const server = new Server();
  server.addService(
    {
      ...method("Greet", false, false),
      ...method("Sum", true, false),
      ...method("Count", false, true),
      ...method("Echo", true, true),
      ...method("Wait", false, false),
      ...method("Cancelled", false, false),
    },
    {
      Greet({ request, metadata }: UnaryCall<{ name: string }, unknown>, answer: Answer<unknown>) {
        const { name } = request;
        if (name === "") return answer({ code: status.INVALID_ARGUMENT, details: "A name, please – any" });
        return answer(null, { text: `Hello ${name}${metadata.get("mark").join()}` });
      },
      Sum(call: ReadingCall<number, number>, answer: Answer<number>) {
        let sum = 0;
        call.on("data", (message: number) => {
          sum += message;
        });
        call.on("end", () => answer(null, sum));
      },
      Count(call: WritingCall<Counting, number>) {
        const { to, fails, waits } = call.request;
        for (let count = 1; count <= to; count++) call.write(count);
        // It is emitted after any end: this is a call that does not end by itself.
        if (waits === true) call.on("cancelled", () => cancelled.push("Count"));
        if (fails === true) call.emit("error", { code: status.DATA_LOSS, details: "Lost count" });
        else if (waits !== true) call.end();
      },
      Echo(call: DuplexCall<unknown, unknown>) {
        call.on("data", (message: unknown) => call.write(message));
        call.on("end", () => call.end());
      },
      Wait(call: UnaryCall<unknown, unknown>) {
        call.on("cancelled", () => cancelled.push("Wait"));
      },
      Cancelled(_: UnaryCall<unknown, unknown>, answer: Answer<unknown>) {
        answer(null, cancelled);
      },
    },
  );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    );
  });
  console.log(`gRPC server on http://127.0.0.1:${bound}`);
}

async function demo(url: string): Promise<void> {
  const pool = createPool({ http2: "prior-knowledge" });
  const client = new GrpcClient(pool, url);
  const show = (what: string, result: unknown) => console.log(`${what}: ${JSON.stringify(result)}`);
  const collected = async (messages: AsyncGenerator<unknown>) => {
    const all: unknown[] = [];
    for await (const message of messages) all.push(message);
    return all;
  };
  const failure = async (promise: Promise<unknown>) => {
    const error = await promise.catch((reason: unknown) => reason);
    return error instanceof GrpcError ? `${error.code} ${error.message}` : String(error);
  };

  show("unary", await client.unary("/demo.Talk/Greet", { name: "Ada" }, { metadata: { mark: "!" } }));
  show("client stream", await client.clientStream("/demo.Talk/Sum", [1, 2, 3, 4]));
  show("server stream", await collected(client.serverStream("/demo.Talk/Count", { to: 5 })));

  // Each message is sent when the answer to the one before has come.
  let proceed: () => void = () => {};
  async function* questions(): AsyncGenerator<string> {
    for (const question of ["one", "two", "three"]) {
      const answered = new Promise<void>((resolve) => {
        proceed = resolve;
      });
      yield question;
      await answered;
    }
  }
  const answers: unknown[] = [];
  for await (const answer of client.duplex("/demo.Talk/Echo", questions())) {
    answers.push(answer);
    proceed();
  }
  show("both", answers);

  show(
    "many at once",
    (
      await Promise.all(
        Array.from({ length: 50 }, (_, at) => client.clientStream("/demo.Talk/Sum", [at, at])),
      )
    ).reduce((sum: number, one) => sum + Number(one), 0),
  );
  const large = "x".repeat(1_000_000);
  show("large", (await collected(client.duplex("/demo.Talk/Echo", [large, large]))).join("").length);

  show("error at once", await failure(client.unary("/demo.Talk/Greet", { name: "" })));
  show(
    "error after messages",
    await failure(collected(client.serverStream("/demo.Talk/Count", { to: 3, fails: true }))),
  );
  show("unknown method", await failure(client.unary("/demo.Talk/Shout", {})));
  show("deadline", (await failure(client.unary("/demo.Talk/Wait", {}, { deadlineMs: 300 }))).slice(0, 1));

  const controller = new AbortController();
  const waiting = failure(client.unary("/demo.Talk/Wait", {}, { signal: controller.signal }));
  setTimeout(() => controller.abort(), 200);
  show("cancelled", await waiting);
  // A reader that stops cancels the call as well.
  for await (const count of client.serverStream("/demo.Talk/Count", { to: 3, waits: true })) {
    if (count === 2) break;
  }
  let seen: unknown[] = [];
  for (let tries = 0; tries < 100 && seen.length < 3; tries++) {
    seen = (await client.unary("/demo.Talk/Cancelled", {})) as unknown[];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  show("what the server saw cancelled", seen);
  show("connections", pool.stats().opened);
  await pool.close();
}

/** Starts the demo server in a process of Node. */
async function startServer(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const file = fileURLToPath(import.meta.url);
  const child = spawn("node", ["--import", "tsx", file, "serve", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Uint8Array];
  const [url = ""] = /http:\S+/.exec(new TextDecoder().decode(line)) ?? [];
  return { url, child };
}

const [command, port = "50051"] = process.argv.slice(2);
if (command === "serve") await serve(Number(port));
else if (command !== undefined) await demo(command);
else {
  const { url, child } = await startServer();
  try {
    await demo(url);
  } finally {
    child.kill();
  }
}
