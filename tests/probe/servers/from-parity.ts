/** The servers of the parity suite, whose setups have one limit each. */

import type { RunningServer, ServerSystem } from "../../parity/servers/server-system.ts";
import { LIFETIME_MS, REQUESTS } from "../../parity/servers/server-system.ts";
import type { KnownLimits, KnownPort, KnownSystem } from "./known-server.ts";

/** Idle times are those that are asked for. The other limits are the suite's own. */
export function fromParity(system: ServerSystem, lateMs = 0): KnownSystem {
  return {
    title: system.title,
    async start({ idleMs }) {
      const running = await system.start(idleMs);
      if ("missing" in running) return running;
      const { version, close } = running;
      return { version, ports: Object.fromEntries(portsOf(running, idleMs, lateMs)), close };
    },
  };
}

function portsOf({ ports }: RunningServer, idleMs: number, lateMs: number): [string, KnownPort][] {
  const known: Readonly<Record<string, KnownLimits>> = {
    idle: { idleMs, lateMs },
    requests: { requests: REQUESTS },
    lifetime: { lifetimeMs: LIFETIME_MS },
  };
  return Object.entries(ports).flatMap(([name, port]) => {
    const limits = known[name];
    return limits === undefined ? [] : [[name, { url: `http://127.0.0.1:${port}/`, ...limits }]];
  });
}
