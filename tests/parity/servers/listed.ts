/** Runs servers that are scripts in `programs/`. They print their version and ports when they listen. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "../../../scripts/entries.ts";
import type { Command } from "../driver.ts";
import type { RunningServer, SetupName } from "./server-system.ts";

/** Directives by setup, passed as the script's last argument. */
export type Setups = Readonly<Partial<Record<SetupName, Readonly<Record<string, string | number>>>>>;

/** The line that the script prints. */
export interface Listing {
  readonly version: string;
  readonly ports: RunningServer["ports"];
}

/** Starts a script. It ends when its standard input ends. */
export async function startListed(
  [file = "", ...args]: Command,
  setups: Setups,
  ...more: readonly string[]
): Promise<RunningServer> {
  const child = spawn(file, [...args, ...more, JSON.stringify(setups)], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close").then(() => undefined);
  const line = once(createInterface(child.stdout), "line").then(([text]) => String(text));
  const first = await Promise.race([line, ended]);
  if (first === undefined) throw new Error(`${file} ended before it listened`);
  const { version, ports }: Listing = JSON.parse(first);
  return {
    version,
    ports,
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
