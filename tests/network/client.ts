/** Client: the client program of the lab. It does what its script says and reports each request. It runs on all runtimes. */

import process from "node:process";
import { createInterface } from "node:readline";
import type { ClientLine, ClientScript, Sent, Step } from "./script.ts";

type Send = (url: string, method: string, signal: AbortSignal) => Promise<void>;

const script = JSON.parse(process.argv[2] ?? "{}") as ClientScript;
const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const sent: Sent[] = [];
let lastId = 0;

const { send, stats } = await clientOf(script);
for (const [number, step] of script.steps.entries()) await perform(step, number);
print({ sent, stats: stats?.() });
process.exit(0);

async function perform(step: Step, number: number): Promise<void> {
  if ("pauseMs" in step) return await new Promise((resolve) => setTimeout(resolve, step.pauseMs));
  if ("wait" in step) {
    print({ wait: step.wait });
    await said.next();
    return;
  }
  let left = step.send;
  const lane = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      sent.push(await one(step.method, step.path ?? "/?", number));
    }
  };
  await Promise.all(Array.from({ length: step.together }, lane));
}

async function one(method: string, path: string, step: number): Promise<Sent> {
  lastId += 1;
  const id = lastId;
  const start = performance.now();
  const took = () => Math.round(performance.now() - start);
  try {
    const cap = AbortSignal.timeout(script.capMs);
    await send(`${script.url}${path}${path.endsWith("?") ? "" : "&"}id=${id}`, method, cap);
    return { id, step, ms: took() };
  } catch (error) {
    return { id, step, ms: took(), error: wordsOf(error) };
  }
}

function wordsOf(error: unknown): string {
  const { cause, code, name, message } = error as {
    cause?: { code?: string; message?: string };
    code?: string;
    name?: string;
    message?: string;
  };
  return String(cause?.code ?? code ?? cause?.message ?? name ?? message);
}

function print(line: ClientLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function clientOf({ kind, options }: ClientScript): Promise<{ send: Send; stats?: () => unknown }> {
  const isHttp2 = options !== undefined && "http2" in options;
  switch (kind) {
    case "holdfast": {
      const { createPool } = await import("../../mod.ts");
      const pool = createPool(options ?? {});
      return { send: byFetch(pool.fetch), stats: () => pool.stats() };
    }
    case "built-in":
      return { send: byFetch(fetch) };
    case "undici": {
      const { request, Agent } = await import("undici");
      // Its types do not know useH2c (8.12).
      const http2: object = { allowH2: true, useH2c: true };
      const dispatcher = new Agent(isHttp2 ? http2 : {});
      return {
        send: async (url, method, signal) => {
          const { body } = await request(url, {
            method: method as "GET",
            signal,
            dispatcher,
            ...bodyOf(method),
          });
          await body.text();
        },
      };
    }
    case "node:http":
      return { send: await byNodeHttp() };
    case "node:http2":
      return { send: await byNodeHttp2() };
    case "Go":
    case "reqwest":
      throw new Error(`${kind} has a client program of its own`);
  }
}

function bodyOf(method: string): { body?: string } {
  return method === "POST" ? { body: "posted" } : {};
}

function byFetch(call: (url: string, init: RequestInit) => Promise<Response>): Send {
  return async (url, method, signal) => {
    const response = await call(url, { method, signal, ...bodyOf(method) });
    await response.text();
  };
}

async function byNodeHttp(): Promise<Send> {
  const http = await import("node:http");
  const agent = new http.Agent({ keepAlive: true });
  return (url, method, signal) =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { method, agent, signal }, (response) => {
        response.resume();
        response.on("end", resolve).on("error", reject);
      });
      request.on("error", reject).end(bodyOf(method).body);
    });
}

/** One session, and a new one when that has ended: what an application makes of `node:http2` in a few lines. */
async function byNodeHttp2(): Promise<Send> {
  const { connect } = await import("node:http2");
  let session: ReturnType<typeof connect> | undefined;
  return (url, method, signal) =>
    new Promise((resolve, reject) => {
      const { origin, pathname, search } = new URL(url);
      if (session === undefined || session.closed || session.destroyed) {
        session = connect(origin);
        session.on("error", () => {});
      }
      const stream = session.request({ ":method": method, ":path": pathname + search }, { signal });
      stream
        .on("error", reject)
        .on("close", () => reject(new Error("closed")))
        .on("end", resolve);
      stream.resume().end(bodyOf(method).body);
    });
}
