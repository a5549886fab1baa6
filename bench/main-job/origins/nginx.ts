/** nginx: the real one, if it is installed, with a temporary folder, a loopback port, and short limits. */

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { accepts, claimPort } from "../../../tests/support/ports.ts";
import { ID_LENGTH } from "./answer.ts";
import { NOTHING_SEEN, type Seen } from "./ledger.ts";
import type { Habit, Origin, Times } from "./origin.ts";

const REQUESTS = 50;
/** How long it may take to listen on a busy machine. */
const START_MS = 60_000;

/** The body sizes it can answer with: a directive of nginx may not be longer than 4096 bytes. */
const SIZES = [64, 1024, 3000] as const;

export const nginx: Habit = {
  name: "nginx",
  responseSizes: SIZES,
  about: ({ idleLimitMs, lifetimeMs }) =>
    `the real one: keepalive_timeout ${idleLimitMs}ms, keepalive_requests ${REQUESTS}, keepalive_time ${lifetimeMs}ms`,
  pauses: ({ idleLimitMs }) => [
    { ms: idleLimitMs - 8, blockMs: 16 },
    { ms: idleLimitMs * 0.4 },
    { ms: idleLimitMs },
  ],
  async start(times) {
    const program = findNginx();
    if (program === undefined) return undefined;
    const folder = await mkdtemp(join(tmpdir(), "holdfast-nginx-"));
    try {
      return await run(program, folder, times);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  },
};

/** Looks in PATH, and where Debian puts it, which is in no user's PATH. */
export function findNginx(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "nginx")).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function run(program: string, folder: string, times: Times): Promise<Origin> {
  const { port, release } = await claimPort();
  await writeFile(join(folder, "nginx.conf"), config(folder, port, times));
  const args = ["-p", folder, "-c", join(folder, "nginx.conf")];
  const child = spawn(program, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.on("exit", () => resolve());
    child.on("error", () => resolve());
  });
  try {
    await listens(port, child);
  } catch (error) {
    await release();
    throw error;
  }
  return {
    port,
    pid: child.pid,
    turnTo: () => {}, // request ids start with their client's letter
    seen: async (client) => readLog(await readFile(join(folder, "access.log"), "utf8"), client),
    close: async () => {
      child.kill();
      await ended;
      await release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The configuration. It makes one process and no daemon, so that ending the process ends all of nginx. */
function config(folder: string, port: number, { idleLimitMs, lifetimeMs }: Times): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  log_format seen '$http_x_request_id $request_method $connection';
  access_log ${folder}/access.log seen;
${temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`).join("\n")}
  keepalive_timeout ${Math.round(idleLimitMs)}ms;
  keepalive_requests ${REQUESTS};
  keepalive_time ${Math.round(lifetimeMs)}ms;
  server {
    listen 127.0.0.1:${port};
    add_header X-Request-Id $http_x_request_id;
    add_header X-Received $received;
${SIZES.map(location).join("\n")}
  }
  map $content_length $received { default $content_length; "" 0; }
}
`;
}

function location(size: number): string {
  const rest = ".".repeat(size - ID_LENGTH);
  return `    location = /bytes/${size} { return 200 "\${http_x_request_id}${rest}"; }`;
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill();
      throw new Error(`nginx does not listen on port ${port}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Counts the log lines of one client: `<id> <method> <connection>`. */
export function readLog(log: string, client: string): Seen {
  const lines = log.split("\n").filter((line) => line.startsWith(client[0] ?? "?"));
  if (lines.length === 0) return NOTHING_SEEN;
  const connections = new Set<string>();
  const ids = new Set<string>();
  const repeated: Record<string, number> = {};
  for (const [id = "", method = "", connection = ""] of lines.map((line) => line.split(" "))) {
    connections.add(connection);
    if (ids.has(id)) repeated[method] = (repeated[method] ?? 0) + 1;
    ids.add(id);
  }
  return { connections: connections.size, received: lines.length, repeated };
}
