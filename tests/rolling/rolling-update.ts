/**
 * Rolling update: two servers behind one address take turns on SIGTERM and come back. The address is a balancer of
 * connections, as a Service of Kubernetes is: it gives each new connection to a server that is up, and knows no requests.
 * So what fails has met the end of a connection.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createPool } from "../../mod.ts";
import { bundled } from "../support/bundled.ts";
import { eventually } from "../support/patience.ts";
import { claimPort } from "../support/ports.ts";

/** How one client fared. */
export interface Tally {
  readonly sent: number;
  /** GETs that failed. Everybody may repeat these. */
  readonly failedGets: number;
  /**
   * Those among them whose connection had been used before, which our pool sends again. On a new connection that ends unanswered
   * no client is to repeat them by itself; a server closes one if it stops before it has read the request. Only our pool tells.
   */
  readonly lostOnUsed: number;
  /** POSTs that failed. Nobody may repeat one whose connection ended without an answer. */
  readonly failedPosts: number;
  /** POSTs that failed, and yet were executed. */
  readonly executedAnyway: number;
  /** POSTs that were executed more than once. */
  readonly executedTwice: number;
  /** Why POSTs failed, with how many did. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Requests that the client sent again. Only our pool tells. */
  readonly resent: number;
}

/** What is tried. */
export interface Plan {
  readonly seconds: number;
  readonly perSecond: number;
  /** How often a server is replaced, in ms. */
  readonly everyMs: number;
  /** @hono/node-server, or the runtime's own server. */
  readonly server: "node" | "native";
}

type Send = (url: string, init?: { method: string; body: string }) => Promise<{ text(): Promise<string> }>;

/** Sends through our pool and through the built-in fetch, one after the other, and says how both fared. */
export async function compare(plan: Plan): Promise<{ ours: Tally; builtIn: Tally }> {
  const pool = createPool();
  try {
    const ours = await rollingUpdate(plan, pool.fetch, () => pool.stats().retries);
    const builtIn = await rollingUpdate(plan, fetch, () => 0);
    return { ours, builtIn };
  } finally {
    await pool.close({ timeout: 0 });
  }
}

/** Sends steadily while the servers are replaced. */
export async function rollingUpdate(plan: Plan, send: Send, resent: () => number): Promise<Tally> {
  const servers = [new Replaceable(plan.server), new Replaceable(plan.server)] as const;
  await Promise.all(servers.map((server) => server.start()));
  const balancer = await balance(servers);
  const load = new Load(servers, balancer.url, send);
  const end = performance.now() + plan.seconds * 1000;
  try {
    const replacing = replaceInTurn(servers, plan, end);
    await load.run(plan, end);
    await replacing;
    return { ...load.tally(), resent: resent() };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    balancer.close();
  }
}

/** Passes bytes on, and the end of each direction. A connection belongs to one server for its life. */
async function balance(servers: readonly Replaceable[]): Promise<{ url: string; close(): void }> {
  let opened = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const up = servers.filter(({ isUp }) => isUp);
    const chosen = up[opened++ % up.length];
    if (chosen === undefined) return void client.destroy();
    join(client, connect({ port: chosen.port, host: "127.0.0.1", allowHalfOpen: true }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
  const { port } = server.address() as { port: number };
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

function join(client: Socket, server: Socket): void {
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.setNoDelay(true);
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroySoon());
  }
}

/** One server after the other. The next is replaced when the previous one is back. */
async function replaceInTurn(servers: readonly Replaceable[], { everyMs }: Plan, end: number): Promise<void> {
  for (let turn = 0; performance.now() + everyMs < end; turn++) {
    await pause(everyMs);
    await servers[turn % servers.length]?.replace();
  }
}

/** A server of which there is always one process, or one that is starting. */
class Replaceable {
  /** Whether a load balancer would send to it. */
  isUp = false;
  /** Each POST that was begun, as often as it was. */
  readonly begun: string[] = [];
  readonly #kind: Plan["server"];
  #claim: { readonly port: number; release(): Promise<void> } | undefined;
  #child: ChildProcess | undefined;

  constructor(kind: Plan["server"]) {
    this.#kind = kind;
  }

  get port(): number {
    return this.#claim?.port ?? 0;
  }

  async start(): Promise<void> {
    this.#claim ??= await claimPort();
    const args = await serverProgram();
    const child = spawn(process.execPath, [...args, String(this.#claim.port), this.#kind], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    let rest = "";
    child.stdout.on("data", (piece) => {
      const lines = (rest + String(piece)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#heard(line);
    });
    await eventually(() => this.isUp, "the server listens");
  }

  /** Told and asked at the same moment: what is on its way meets the shutdown. */
  async replace(): Promise<void> {
    await this.#end();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#end();
    await this.#claim?.release();
  }

  async #end(): Promise<void> {
    this.isUp = false;
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await exited;
  }

  #heard(line: string): void {
    if (line === "listening") this.isUp = true;
    else if (line.startsWith("post ")) this.begun.push(line.slice("post ".length));
  }
}

/** A steady load: every fourth request is a POST. */
class Load {
  readonly #servers: readonly Replaceable[];
  readonly #url: string;
  readonly #send: Send;
  readonly #failedPosts: Set<string> = new Set();
  readonly #reasons: Record<string, number> = {};
  #sent = 0;
  #failedGets = 0;
  #lostOnUsed = 0;

  constructor(servers: readonly Replaceable[], url: string, send: Send) {
    this.#servers = servers;
    this.#url = url;
    this.#send = send;
  }

  async run({ perSecond }: Plan, end: number): Promise<void> {
    const startedAt = performance.now();
    const running: Promise<void>[] = [];
    while (performance.now() < end) {
      const due = ((performance.now() - startedAt) / 1000) * perSecond;
      while (this.#sent < due) running.push(this.#one(this.#sent++));
      await pause(1);
    }
    await Promise.all(running);
  }

  tally(): Omit<Tally, "resent"> {
    const begun = this.#servers.flatMap((server) => server.begun);
    const executed = new Set(begun);
    return {
      sent: this.#sent,
      failedGets: this.#failedGets,
      lostOnUsed: this.#lostOnUsed,
      failedPosts: this.#failedPosts.size,
      executedAnyway: [...this.#failedPosts].filter((id) => executed.has(id)).length,
      executedTwice: begun.length - executed.size,
      reasons: this.#reasons,
    };
  }

  async #one(number: number): Promise<void> {
    const isPost = number % 4 === 0;
    try {
      const response = await this.#send(
        this.#url,
        isPost ? { method: "POST", body: String(number) } : undefined,
      );
      await response.text();
    } catch (error) {
      if (!isPost) {
        this.#failedGets += 1;
        if (wasUsed(error)) this.#lostOnUsed += 1;
      } else {
        this.#failedPosts.add(String(number));
        const reason = codeOf(error);
        this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1;
      }
    }
  }
}

/** The first code on the chain of causes. */
function codeOf(error: unknown): string {
  const { code, cause, message } = error as { code?: string; cause?: unknown; message?: string };
  if (typeof code === "string") return code;
  return cause === undefined ? String(message) : codeOf(cause);
}

/** Whether a request failed on a connection that had been used before, or on none. */
function wasUsed(error: unknown): boolean {
  const { cause, connection } = error as { cause?: unknown; connection?: { reused: boolean } };
  if (connection !== undefined) return connection.reused;
  return cause === undefined || wasUsed(cause);
}

/** What makes this runtime run the server: Node gets a bundle, because its servers start again and again. */
async function serverProgram(): Promise<string[]> {
  const program = new URL("server-program.ts", import.meta.url);
  const versions: Readonly<Record<string, string | undefined>> = process.versions;
  if (versions.deno !== undefined) return ["run", "-A", "--no-check", fileURLToPath(program)];
  return [versions.bun !== undefined ? fileURLToPath(program) : await bundled(program)];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
