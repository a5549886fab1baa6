/** Node's own `http.Server`, in a process of Node 24. */

import { fileURLToPath } from "node:url";
import { node24 } from "../../../scripts/test/tools.ts";
import { startListed } from "./listed.ts";
import { IDLE_MS, LONG_IDLE_MS, REQUESTS, type ServerSystem } from "./server-system.ts";

/** Node announces this much less than it keeps. */
const BUFFER_MS = 1000;

const setups = {
  idle: { keepAliveTimeout: IDLE_MS - BUFFER_MS, keepAliveTimeoutBuffer: BUFFER_MS },
  requests: { keepAliveTimeout: LONG_IDLE_MS - BUFFER_MS, maxRequestsPerSocket: REQUESTS },
} as const;

export const nodeServer: ServerSystem = {
  name: "nodeServer",
  title: "Node http.Server",
  setups,
  async start(idleMs = IDLE_MS) {
    const node = node24();
    if (node === undefined) return { missing: "no Node 24 for this platform" };
    const script = fileURLToPath(new URL("../programs/node-server.ts", import.meta.url));
    const idle = { ...setups.idle, keepAliveTimeout: idleMs - BUFFER_MS };
    return await startListed([node, "--no-warnings", script], { ...setups, idle });
  },
};
