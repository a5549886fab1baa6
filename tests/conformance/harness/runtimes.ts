/** Runtimes: the runtimes that the suite runs on, and the commands that start its programs in each. */

import { fileURLToPath } from "node:url";
import { node22, node24, tool } from "../../../scripts/test/tools.ts";
import { bundled } from "../../support/bundled.ts";
import type { Command } from "./perform.ts";

type Program = "server" | "client" | "child";

/** The command that starts a program. */
export type Launcher = (program: Program) => Promise<Command>;

export interface Runtime {
  readonly name: string;
  /** `undefined`: not available for this platform. */
  readonly launch: Launcher | undefined;
}

/** The Node that runs this. It reads no TypeScript by itself, so it gets bundles, and so does Node 22. */
export const ownNode: Launcher = withBundles(process.execPath);

export function runtimes(): Runtime[] {
  const [own] = process.versions.node.split(".");
  const [older, newer] = [node22(), node24()];
  const others = [
    { name: "node22", launch: older === undefined ? undefined : withBundles(older) },
    { name: "node24", launch: newer === undefined ? undefined : withSourcesOnce(newer) },
  ];
  return [
    { name: `node${own}`, launch: ownNode },
    ...others.filter(({ name }) => name !== `node${own}`),
    { name: "deno", launch: withSources(tool("deno"), "run", "--allow-all", "--no-check", "--quiet") },
    { name: "bun", launch: withSources(tool("bun")) },
  ];
}

function fileOf(program: Program): URL {
  return new URL(`../${program}.ts`, import.meta.url);
}

function withBundles(node: string): Launcher {
  return async (program) => [node, await bundled(fileOf(program))];
}

function withSources(...command: readonly string[]): Launcher {
  return async (program) => [...command, fileURLToPath(fileOf(program))];
}

/** Node 24 runs the sources directly. The children need not show that again: each would take ten times as long to start. */
function withSourcesOnce(node: string): Launcher {
  const [sources, bundles] = [withSources(node), withBundles(node)];
  return (program) => (program === "client" ? sources : bundles)(program);
}
