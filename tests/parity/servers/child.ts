/** Runs a server program with a temporary folder for its configuration. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Child {
  close(): Promise<void>;
}

export interface Launch {
  /** Files to write into the folder, by name. */
  files(folder: string): Readonly<Record<string, string>>;
  command(folder: string): readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The server has started when all of these accept connections. */
  readonly ports: readonly number[];
}

const START_MS = 60_000;
const STOP_MS = 5000;
const LOOK_MS = 100;

/** Starts a server and waits until it listens. */
export async function launch({ files, command, env = {}, ports }: Launch): Promise<Child> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-parity-"));
  // Some servers drop the superuser's rights before they read their files.
  chmodSync(folder, 0o755);
  for (const [name, text] of Object.entries(files(folder))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const [file = "", ...args] = command(folder);
  const child = spawn(file, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const complaints = listen(child);
  const close = async (): Promise<void> => {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([Promise.all(ports.map(untilOpen)), untilDead(child, complaints)]);
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}

async function untilDead(child: ChildProcess, complaints: () => string): Promise<never> {
  const failed = once(child, "error").then(([error]) => String(error));
  const ended = once(child, "close").then(() => complaints());
  throw new Error(`${child.spawnfile} does not run: ${await Promise.race([failed, ended])}`);
}

function listen({ stdout, stderr }: ChildProcess): () => string {
  let text = "";
  const take = (chunk: Buffer): void => {
    text = (text + chunk).slice(-2000);
  };
  stdout?.on("data", take);
  stderr?.on("data", take);
  return () => text.trim();
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  child.kill("SIGTERM");
  const patience = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await gone;
  clearTimeout(patience);
}

async function untilOpen(port: number): Promise<void> {
  const until = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (performance.now() > until) throw new Error(`Nothing listens on ${port}`);
    await sleep(LOOK_MS);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });
}

/** The first port to try. It is below the range that the kernel uses for outgoing connections. */
const LOWEST_PORT = 12_000;
const PORTS = 18_000;

/** Free ports, which no other program is given by chance before they are used. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORTS);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
