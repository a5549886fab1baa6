/**
 * An origin in a process of its own, which talks with the test by files in a folder: a client that keeps its event loop busy hears
 * nothing else.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";

/** The runtime that runs the tests, and the origin. */
export const runtime: string = ["Deno", "Bun"].find((name) => name in globalThis) ?? "Node";
const launcher = { Deno: ["run", "-A", "--no-check"], Bun: [], Node: ["--import", "tsx"] }[runtime] ?? [];

export interface OriginProcess {
  readonly folder: string;
  /** Those that it listens on, as it printed them. Empty before the tests begin. */
  ports: readonly string[];
}

/** Runs a script of this folder while the tests of a file run. It gets the folder, and prints its ports in a line. */
export function originProcess(script: string): OriginProcess {
  const origin: OriginProcess = { folder: mkdtempSync(`${tmpdir()}/holdfast-${script}-`), ports: [] };
  let child: ChildProcess;
  before(async () => {
    const path = fileURLToPath(new URL(`./${script}.ts`, import.meta.url));
    child = spawn(process.execPath, [...launcher, path, origin.folder], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const line = await new Promise<string>((resolve) =>
      child.stdout?.once("data", (data) => resolve(`${data}`)),
    );
    origin.ports = line.trim().split(" ");
  });
  after(() => {
    child.kill();
    rmSync(origin.folder, { recursive: true });
  });
  return origin;
}
