/** Logged servers: nginx and nghttpd, which tell what they did by their logs. */

import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/entries.ts";
import { find } from "../../tests/parity/systems/tools.ts";
import { accepts, claimPort } from "../../tests/support/ports.ts";
import { Ledger } from "./ledger.ts";
import type { Origin } from "./origins.ts";
import type { Seen } from "./protocol.ts";

/** How long a server may take to listen on a busy machine. */
const START_MS = 60_000;
/** How often a log is read, and until when, while its last lines are not there yet. */
const LOOK_MS = 50;
const SETTLE_MS = 5000;

const cert = (name: string): string => join(root, "tests", "certs", name);

/** A server that is started in a folder of its own, and writes what it did there. */
interface LoggedServer {
  command(program: string, folder: string, port: number): readonly string[];
  files(port: number, directives: string): Readonly<Record<string, string>>;
  readonly log: string;
  /** Counts the lines of a run. */
  read(lines: readonly string[], ledger: Ledger): void;
}

const SERVERS: Readonly<Record<"nginx" | "nghttpd", LoggedServer>> = {
  nginx: {
    command: (program, folder) => [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"],
    files: (port, directives) => ({ "nginx.conf": nginxConfiguration(port, directives) }),
    log: "access.log",
    read: readNginx,
  },
  nghttpd: {
    // Without stdbuf, the last lines of the log would stay in its buffer.
    command: (program, folder, port) => [
      ...["stdbuf", "-oL", program, "-a", "127.0.0.1", "-v", "--echo-upload", "-d", join(folder, "files")],
      ...[String(port), cert("server.key"), cert("server.pem")],
    ],
    files: () => ({}),
    log: "stdout.log",
    read: readNghttpd,
  },
};

/** Starts one of them. */
export async function logged(name: "nginx" | "nghttpd", directives: string): Promise<Origin | string> {
  const program = find(name);
  if (program === undefined) return `no ${name}`;
  const server = SERVERS[name];
  const folder = await mkdtemp(join(tmpdir(), "holdfast-goaway-"));
  const { port, release } = await claimPort();
  for (const [file, text] of Object.entries(server.files(port, directives)))
    await writeFile(join(folder, file), text);
  await mkdir(join(folder, "files"));
  const [file = "", ...args] = server.command(program, folder, port);
  const child = spawn(file, args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
  child.stdout.pipe(createWriteStream(join(folder, "stdout.log")));
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  await listens(port, child);
  const reader = new LogReader(join(folder, server.log), server);
  return {
    port,
    turnTo: (run) => reader.turnTo(run),
    seen: () => reader.seen(),
    async close() {
      child.kill();
      await ended;
      await release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

class LogReader {
  readonly #file: string;
  readonly #server: LoggedServer;
  #from = 0;
  #run = "";

  constructor(file: string, server: LoggedServer) {
    this.#file = file;
    this.#server = server;
  }

  async turnTo(run: string): Promise<void> {
    this.#run = run;
    this.#from = (await readFile(this.#file, "utf8")).length;
  }

  /** What the log says once it grows no more. */
  async seen(): Promise<Seen> {
    const until = performance.now() + SETTLE_MS;
    let [size, before] = [-1, -2];
    let text = "";
    while (size !== before && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      text = await readFile(this.#file, "utf8");
      [before, size] = [size, text.length];
    }
    const ledger = new Ledger(this.#run);
    this.#server.read(text.slice(this.#from).split("\n"), ledger);
    return ledger.seen;
  }
}

/** Lines of nginx are `METHOD path status connection`. It logs every request that it took, also one that was cut. */
function readNginx(lines: readonly string[], ledger: Ledger): void {
  const connections = new Set<string>();
  for (const [method = "", path = "", , connection = ""] of lines.map((line) => line.split(" "))) {
    if (connection === "") continue;
    connections.add(connection);
    ledger.executed(method, path);
  }
  ledger.connections = connections.size;
}

const STREAM = "(stream_id=";

/**
 * Lines of nghttpd's `-v` are `[id=1] [ 0.5] recv (stream_id=13) :path: /x`. `:method` comes before
 * `:path`.
 */
function readNghttpd(lines: readonly string[], ledger: Ledger): void {
  const connections = new Set<string>();
  const methods = new Map<string, string>();
  for (const line of lines.filter((text) => text.includes(STREAM))) {
    const connection = line.slice(0, line.indexOf("]"));
    const [stream = "", name = "", value = ""] = line.slice(line.indexOf(STREAM)).split(" ");
    connections.add(connection);
    if (name === ":method:") methods.set(`${connection} ${stream}`, value);
    if (name === ":path:") ledger.executed(methods.get(`${connection} ${stream}`) ?? "", value);
  }
  ledger.connections = connections.size;
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill();
      throw new Error(`Nothing listens on port ${port}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function nginxConfiguration(port: number, directives: string): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  log_format seen '$request_method $uri $status $connection';
  access_log access.log seen;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${directives}
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_certificate ${cert("server.pem")};
    ssl_certificate_key ${cert("server.key")};
    location / { return 200 $uri; }
  }
}
`;
}
