/** Start origin: builds the origin if there is a C compiler, starts it, and asks for its figures. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/entries.ts";
import { nodeWithTsx } from "../../scripts/test/tools.ts";
import { pinned } from "./runtimes.ts";

/** What an origin has done so far. */
export interface Usage {
  readonly cpuMicros: number;
  readonly requests: number;
  readonly open: number;
  /** TLS sessions that clients resumed, or `NaN` where the server does not say. */
  readonly resumed: number;
  /** Connections that clients made; with TLS, those whose handshake was completed. `NaN` where the server does not say. */
  readonly made: number;
  /** Bytes of request bodies that came, or `NaN` where the server does not say. */
  readonly uploaded: number;
}

/** A running origin. */
export interface Origin {
  readonly url: string;
  /** More than one where it plays many origins, each on a port of its own. */
  readonly urls: readonly string[];
  readonly native: boolean;
  usage(): Promise<Usage>;
  stop(): void;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const cert = (name: string): string => join(root, "tests", "certs", name);

/** Starts an origin on the second CPU core, or many without TLS in one process. */
export function startOrigin(tls: boolean, count = 1): Promise<Origin> {
  return startBuilt(build(tls), tls, count);
}

/** Starts that program, or the one in plain Node if there is none. */
export async function startBuilt(built: string | undefined, tls: boolean, count: number): Promise<Origin> {
  const command = built === undefined ? [...nodeWithTsx, here("origin.ts")] : [built];
  const more = tls ? [cert("server.pem"), cert("server.key")] : [String(count)];
  const [program, ...args] = pinned(1, [...command, ...more]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ports = (await firstLine(child)).trim().split(" ");
  const urls = ports.map((port) => (tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`));
  const [url = ""] = urls;
  return {
    url,
    urls,
    native: built !== undefined,
    usage: () => usageOf(url),
    stop: () => child.stdin?.end(),
  };
}

/** The program, or `undefined` if it cannot be built. */
function build(tls: boolean): string | undefined {
  const folder = join(root, ".cache", "bench");
  const program = join(folder, tls ? "origin-tls" : "origin");
  mkdirSync(folder, { recursive: true });
  const libraries = tls ? ["-DTLS", here("origin.c"), "-lssl", "-lcrypto"] : [here("origin.c")];
  try {
    execFileSync("cc", ["-O2", "-o", program, ...libraries], { stdio: "ignore" });
    return program;
  } catch {
    return undefined;
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("The origin has no output");
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("The origin did not start");
}

async function usageOf(url: string): Promise<Usage> {
  const { default: https } = await import("node:https");
  const { default: http } = await import("node:http");
  const get = url.startsWith("https:") ? https.get : http.get;
  const text = await new Promise<string>((resolve, reject) => {
    get(`${url}/usage`, { agent: false, rejectUnauthorized: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (piece: string) => {
        body += piece;
      });
      response.on("end", () => resolve(body));
    }).on("error", reject);
  });
  const [cpuMicros = 0, requests = 0, open = 0, resumed = 0, made = 0, uploaded = 0] = text
    .split(" ")
    .map(Number);
  return { cpuMicros, requests, open, resumed, made, uploaded };
}
