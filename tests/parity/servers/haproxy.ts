/** HAProxy, configured to answer by itself. */

import { find, versionOf } from "../systems/tools.ts";
import { freePorts, launch } from "./child.ts";
import { IDLE_MS, type ServerSystem } from "./server-system.ts";

export const haproxy: ServerSystem = {
  name: "haproxy",
  title: "HAProxy",
  setups: { idle: { timeoutHttpKeepAlive: IDLE_MS } },
  async start(idleMs = IDLE_MS) {
    const program = find("haproxy");
    if (program === undefined) return { missing: "no HAProxy: apt-get install haproxy" };
    const [idle = 0] = await freePorts(1);
    const child = await launch({
      files: () => ({ "haproxy.cfg": configuration(idle, idleMs) }),
      command: () => [program, "-db", "-q", "-f", "haproxy.cfg"],
      ports: [idle],
    });
    const version = await versionOf([program, "-v"], /HAProxy version [\d.]+/);
    return { version, ports: { idle }, close: child.close };
  },
};

function configuration(port: number, idleMs: number): string {
  return `
global
  maxconn 1000
defaults
  mode http
  timeout client 30s
  timeout http-request 10s
  timeout http-keep-alive ${idleMs}ms
frontend front
  bind 127.0.0.1:${port}
  http-request return status 404 content-type text/plain string no if { path /missing }
  http-request return status 200 content-type text/plain string ok
`;
}
