/** Deno.serve and Bun.serve, each in a process of its own runtime. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { root } from "../../../scripts/entries.ts";
import { tool } from "../../../scripts/test/tools.ts";
import type { KnownLimits, KnownServer, KnownSystem } from "./known-server.ts";

const PROGRAM = fileURLToPath(new URL("./serve-program.ts", import.meta.url));

/** Deno.serve has no option for its idle connections: it keeps them. */
export const denoServe: KnownSystem = {
  title: "Deno.serve",
  start: () =>
    started([tool("deno"), "run", "--allow-net", "--no-check", PROGRAM, "0"], {
      idleMs: null,
      requests: null,
      lifetimeMs: null,
    }),
};

/** Bun counts `idleTimeout` in whole seconds, and looks at its sockets every 4 s. */
export const bunServe: KnownSystem = {
  title: "Bun.serve",
  start: ({ idleMs }) =>
    started([tool("bun"), PROGRAM, String(Math.ceil(idleMs / 1000))], {
      idleMs,
      lateMs: BUN_TICK_MS,
      requests: null,
      lifetimeMs: null,
    }),
};

const BUN_TICK_MS = 4000;

async function started([file = "", ...args]: readonly string[], limits: KnownLimits): Promise<KnownServer> {
  const child = spawn(file, args, { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close").then(() => undefined);
  const line = once(createInterface(child.stdout), "line").then(([text]) => String(text));
  const first = await Promise.race([line, ended]);
  if (first === undefined) throw new Error(`${file} ended before it listened`);
  const { version, port }: { version: string; port: number } = JSON.parse(first);
  return {
    version,
    ports: { idle: { url: `http://127.0.0.1:${port}/`, ...limits } },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
