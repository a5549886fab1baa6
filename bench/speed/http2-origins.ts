/** HTTP/2 origins: nginx and nghttpd over TLS, on the second CPU core, with files of the sizes that scenarios ask for. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/entries.ts";
import { find } from "../../tests/parity/systems/tools.ts";
import { accepts, claimPort } from "../../tests/support/ports.ts";
import { pinned } from "./runtimes.ts";
import type { Origin, Usage } from "./start-origin.ts";

/** How long a server may take to listen on a busy machine. */
const START_MS = 60_000;
const LOOK_MS = 20;

const SIZES: Readonly<Record<string, number>> = { small: 100, medium: 16_384, large: 1024 * 1024 };
const cert = (name: string): string => join(root, "tests", "certs", name);

/** Starts one of them. @throws if it is not installed. */
export async function startHttp2Origin(name: "nginx" | "nghttpd"): Promise<Origin> {
  const program = find(name);
  if (program === undefined)
    throw new Error(`no ${name}: apt-get install ${name === "nginx" ? name : "nghttp2-server"}`);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-bench-"));
  await mkdir(join(folder, "files"));
  for (const [file, size] of Object.entries(SIZES))
    await writeFile(join(folder, "files", file), "a".repeat(size));
  const { port, release } = await claimPort();
  const status = await claimPort();
  await writeFile(join(folder, "nginx.conf"), nginxConfiguration(port, status.port));
  const command = name === "nginx" ? nginx(program, folder) : nghttpd(program, folder, port);
  const [file, ...args] = pinned(1, command);
  const child = spawn(file, args, { cwd: folder, stdio: "ignore" });
  child.once("exit", () => {
    void Promise.all([release(), status.release(), rm(folder, { recursive: true, force: true })]);
  });
  await listens(port, child, name);
  const counts =
    name === "nginx" ? () => nginxCounts(status.port) : async () => ({ requests: NaN, open: NaN });
  const url = `https://localhost:${port}`.replace("localhost", "127.0.0.1");
  return {
    url,
    urls: [url],
    native: true,
    usage: async (): Promise<Usage> => ({
      ...(await counts()),
      resumed: NaN,
      made: NaN,
      uploaded: NaN,
      cpuMicros: cpuMicrosOf(child.pid ?? 0),
    }),
    stop: () => void child.kill(),
  };
}

function nginx(program: string, folder: string): string[] {
  return [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"];
}

/** Its windows of 64 KiB would make uploads wait: 1 MiB for a stream, 16 MiB for the connection. */
function nghttpd(program: string, folder: string, port: number): string[] {
  const windows = ["--window-bits=20", "--connection-window-bits=24"];
  const address = ["-a", "127.0.0.1", "-d", join(folder, "files"), String(port)];
  return [program, ...windows, ...address, cert("server.key"), cert("server.pem")];
}

async function listens(port: number, child: ChildProcess, name: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || performance.now() > deadline) throw new Error(`${name} does not start`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** `stub_status`: the line of numbers is accepts, handled, requests. This request counts, too. */
async function nginxCounts(port: number): Promise<{ requests: number; open: number }> {
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  const [active = "", , numbers = ""] = text.split("\n");
  asked += 1;
  const requests = Number(numbers.trim().split(" ")[2]) - asked;
  return { requests, open: Number(active.split(" ")[2]) };
}

/** How often nginx was asked. Its answers are no part of the bench. */
let asked = 0;

/** Clock ticks of `/proc/<pid>/stat` are a hundredth of a second on Linux. */
const TICK_MICROS = 10_000;

/** CPU time of all threads of a process, or `NaN` where the system does not show it. */
function cpuMicrosOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
  } catch {
    return NaN;
  }
}

/**
 * As it comes, but for the number of requests on a connection, because GOAWAY has a bench of its own, and for how long it may be
 * idle, because a client waits while the others have their rounds.
 */
function nginxConfiguration(port: number, statusPort: number): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  open_file_cache max=16 inactive=1h;
  server {
    listen 127.0.0.1:${port} ssl http2 backlog=4096;
    ssl_certificate ${cert("server.pem")};
    ssl_certificate_key ${cert("server.key")};
    root files;
    location = /trickle { alias files/large; limit_rate 1k; }
  }
  server {
    listen 127.0.0.1:${statusPort};
    location / { stub_status; }
  }
}
`;
}
