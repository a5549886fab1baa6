/**
 * Workers: what a request to an origin costs from a Worker, in several ways, and how many sockets each takes. workerd serves, and
 * this process is the load and the origin, so ratios count and not numbers: those of rounds that ran side by side, and those of
 * workerd's own processor time, which other work on the machine disturbs least.
 *
 * Three ways show the floor: an object that answers with a constant, one that writes a constant request on a socket of its own and
 * takes whatever comes first for the answer, and one that also parses the head of the answer and passes status, fields and body on,
 * as briefly as can be written. No pool in JavaScript can cost less than the third; what ours costs beyond it is its own work.
 *
 *     node --import tsx bench/workers/main.ts [--seconds 1] [--rounds 9]
 */

import { readdirSync, readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { parseArgs } from "node:util";
import { startWorkerd } from "../../tests/workers/workerd.ts";
import { median } from "../speed/summary.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "1" }, rounds: { type: "string", default: "9" } },
});
const seconds = Number(values.seconds);
const CLIENTS = 16;

let sockets = 0;
const origin = createServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end("x".repeat(100)));
origin.on("connection", () => {
  sockets += 1;
});
await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
const { port } = origin.address() as { port: number };
const url = `http://127.0.0.1:${port}`;

const source = `
import { createPool } from "#root/mod.ts";
import { poolObject, remotePool, workersTransport } from "#root/src/workers/mod.ts";
import { DurableObject } from "cloudflare:workers";
import { connect } from "cloudflare:sockets";
export class ApiPool extends poolObject({ allowOrigins: ["${url}"] }) {}
export class Plain extends DurableObject { fetch(request) { return fetch("${url}/"); } }
export class Constant extends DurableObject { fetch() { return new Response("x".repeat(100)); } }
class Line {
  memory = new ArrayBuffer(16384);
  constructor() {
    const socket = connect("127.0.0.1:${port}");
    this.reader = socket.readable.getReader({ mode: "byob" });
    this.writer = socket.writable.getWriter();
  }
  async ask() {
    this.writer.write(REQUEST);
    const { value } = await this.reader.read(new Uint8Array(this.memory));
    this.memory = value.buffer;
  }
}
const REQUEST = new TextEncoder().encode("GET / HTTP/1.1\\r\\nhost: 127.0.0.1\\r\\n\\r\\n");
export class Bare extends DurableObject {
  idle = [];
  async fetch() {
    const line = this.idle.pop() ?? new Line();
    await line.ask();
    this.idle.push(line);
    return new Response("x".repeat(100));
  }
}
const latin1 = new TextDecoder("latin1");
class ParsedLine extends Line {
  async answer() {
    this.writer.write(REQUEST);
    const { value } = await this.reader.read(new Uint8Array(this.memory));
    this.memory = value.buffer;
    const text = latin1.decode(value);
    const end = text.indexOf("\\r\\n\\r\\n");
    const [first, ...lines] = text.slice(0, end).split("\\r\\n");
    const headers = new Headers();
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return new Response(text.slice(end + 4), { status: Number(first.slice(9, 12)), headers });
  }
}
export class Parsed extends DurableObject {
  idle = [];
  async fetch() {
    const line = this.idle.pop() ?? new ParsedLine();
    const answer = await line.answer();
    this.idle.push(line);
    return answer;
  }
}
const pool = remotePool("API_POOL");
const ways = {
  "/pool": () => pool.fetch("${url}/"),
  "/fetch": () => fetch("${url}/"),
  "/object": (env) => env.PLAIN.get(env.PLAIN.idFromName("one")).fetch("${url}/"),
  "/constant": (env) => env.CONSTANT.get(env.CONSTANT.idFromName("one")).fetch("${url}/"),
  "/bare": (env) => env.BARE.get(env.BARE.idFromName("one")).fetch("${url}/"),
  "/parsed": (env) => env.PARSED.get(env.PARSED.idFromName("one")).fetch("${url}/"),
  async "/fresh"() {
    const own = createPool({ transport: workersTransport({ scope: "request" }), maxIdlePerOrigin: 0 });
    return new Response(await (await own.request("${url}/")).bytes());
  },
};
export default { fetch: (request, env) => ways[new URL(request.url).pathname](env) };
`;

const WAYS = {
  "/fetch": "the platform's fetch",
  "/constant": "an object that answers with a constant",
  "/bare": "an object with sockets and no HTTP",
  "/parsed": "an object with sockets that parses heads",
  "/object": "an object with the platform's fetch",
  "/pool": "an object with a pool: remotePool().fetch",
  "/fresh": "a fresh connection for each request",
} as const;

const workerd = await startWorkerd({
  source,
  objects: { API_POOL: "ApiPool", PLAIN: "Plain", CONSTANT: "Constant", BARE: "Bare", PARSED: "Parsed" },
  quiet: true,
});

/** Processor time of workerd in ms; `undefined` where the system does not tell so finely. */
function cpuMs(): number | undefined {
  try {
    const threads = readdirSync(`/proc/${workerd.pid}/task`);
    const times = threads.map((id) => readFileSync(`/proc/${workerd.pid}/task/${id}/schedstat`, "utf8"));
    return times.reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e6, 0);
  } catch {
    return undefined;
  }
}

/** One measurement. */
interface Round {
  readonly perSecond: number;
  /** Of workerd, per request. */
  readonly cpuUs: number;
}

/** Clients that each send one after the other. */
async function measure(path: string, forSeconds: number): Promise<Round> {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const until = performance.now() + forSeconds * 1000;
  let done = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      await new Promise<void>((resolve, reject) => {
        request(workerd.url + path, { agent }, (response) => {
          if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode}`));
          response.resume().on("end", resolve);
        })
          .on("error", reject)
          .end();
      });
      done += 1;
    }
  };
  const since = performance.now();
  const before = cpuMs() ?? Number.NaN;
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const used = (cpuMs() ?? Number.NaN) - before;
  agent.destroy();
  return { perSecond: (done * 1000) / (performance.now() - since), cpuUs: (used * 1000) / done };
}

const paths = Object.keys(WAYS);
const results = new Map<string, Round[]>(paths.map((path) => [path, []]));
const opened = new Map<string, number>();
for (const path of paths) await measure(path, 1);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const path of round % 2 === 0 ? paths : paths.toReversed()) {
    const before = sockets;
    results.get(path)?.push(await measure(path, seconds));
    opened.set(path, (opened.get(path) ?? 0) + sockets - before);
  }
}

for (const [path, what] of Object.entries(WAYS)) {
  const rounds = results.get(path) ?? [];
  const rate = median(rounds.map(({ perSecond }) => perSecond)).toFixed(0);
  const cpu = median(rounds.map(({ cpuUs }) => cpuUs)).toFixed(0);
  console.log(
    `${what.padEnd(44)} ${rate.padStart(6)}/s ${cpu.padStart(5)} us  ${opened.get(path)} sockets at the origin`,
  );
}

/** The medians over rounds of how much faster a way is than another, and how much less processor time it takes. */
function compare(path: string, other: string, goal: string): void {
  const others = results.get(other) ?? [];
  const pairs = (results.get(path) ?? []).map((one, round) => [one, others[round] ?? one] as const);
  const rate = median(pairs.map(([one, against]) => one.perSecond / against.perSecond));
  const cpu = median(pairs.map(([one, against]) => against.cpuUs / one.cpuUs));
  console.log(`${path} / ${other}: ${rate.toFixed(2)} by rate, ${cpu.toFixed(2)} by processor time${goal}`);
}

compare("/pool", "/object", " (goal: 1.0)");
compare("/pool", "/fresh", " (goal: 2.0)");
compare("/bare", "/object", ", sockets alone");
compare("/parsed", "/object", ", the most that a pool in JavaScript could reach");
compare("/pool", "/parsed", "");
origin.closeAllConnections();
origin.close();
await workerd[Symbol.asyncDispose]();
process.exit(0);
