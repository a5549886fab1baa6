/** JavaScript clients on Node, Deno and Bun. */

import { fileURLToPath } from "node:url";
import { node24, nodeWithTsx, tool } from "../../../scripts/test/tools.ts";
import type { Command } from "../driver.ts";
import { lineProgram, type Missing, type Program } from "../program.ts";
import type { System } from "./system.ts";

const NODE_24 = "no Node 24 for this platform";

async function script(
  command: Command | undefined,
  name: string,
  missing: string,
  proxied = false,
): Promise<Program | Missing> {
  if (command === undefined) return { missing };
  return await lineProgram([
    ...command,
    fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url)),
    ...(proxied ? ["proxied"] : []),
  ]);
}

function newerNode(): Command | undefined {
  const node = node24();
  return node === undefined ? undefined : [node, "--no-warnings"];
}

export const nodeAgent: System = {
  name: "nodeAgent",
  title: "Node http.Agent",
  can: ["together", "methods", "origins"],
  tunes: {
    idleTimeoutMs: "timeout",
    maxIdlePerOrigin: "maxFreeSockets",
    maxConnectionsPerOrigin: "maxSockets",
  },
  start: () => script(newerNode(), "node-agent", NODE_24),
};

/** The Node that runs this test, which may be older. */
export const nodeAgentHere: System = {
  ...nodeAgent,
  name: "nodeAgent-here",
  preset: "nodeAgent",
  title: "Node http.Agent, this Node",
  about: /^(Keep-Alive|pool)/,
  start: () => script(nodeWithTsx, "node-agent", NODE_24),
};

export const undici: System = {
  name: "undici",
  title: "undici",
  versioned: true,
  can: ["together", "methods", "origins"],
  tunes: {
    idleTimeoutMs: "keepAliveTimeout",
    maxConnectionsPerOrigin: "connections",
    maxLifetimeMs: "clientTtl",
    maxRequests: "maxRequestsPerClient",
  },
  start: () => script(newerNode(), "undici", NODE_24),
};

/** The version of undici in Node 24's own `fetch`. */
export const undici7: System = {
  ...undici,
  name: "undici7",
  preset: "undici",
  title: "undici 7",
  casesOf: "undici7",
  about: /^(Keep-Alive|pool)/,
  start: () => script(newerNode(), "undici7", NODE_24),
};

export const denoFetch: System = {
  name: "denoFetch",
  title: "Deno fetch",
  versioned: true,
  can: ["together", "methods", "origins"],
  tunes: { idleTimeoutMs: "poolIdleTimeout", maxIdlePerOrigin: "poolMaxIdlePerHost" },
  start: (_, proxied) =>
    script(
      [tool("deno"), "run", "--allow-all", "--no-check", "--quiet", "--unstable-net"],
      "fetch",
      "no Deno",
      proxied,
    ),
};

export const bunFetch: System = {
  name: "bunFetch",
  title: "Bun fetch",
  // All cases share 64 idle connections.
  atOnce: 12,
  can: ["together", "methods", "origins"],
  start: (_, proxied) => script([tool("bun")], "fetch", "no Bun", proxied),
};
