/** squid, as a reverse proxy that answers its own error page. */

import { freePorts, launch } from "../../parity/servers/child.ts";
import { find, versionOf } from "../../parity/systems/tools.ts";
import type { KnownSystem } from "./known-server.ts";

export const squid: KnownSystem = {
  title: "squid",
  async start({ idleMs, unusedMs }) {
    const program = find("squid");
    if (program === undefined) return { missing: "no squid: apt-get install squid" };
    const [port = 0, nowhere = 0] = await freePorts(2);
    const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} seconds`;
    const child = await launch({
      files: (folder) => ({
        "squid.conf": `
http_port 127.0.0.1:${port} accel defaultsite=127.0.0.1
cache_peer 127.0.0.1 parent ${nowhere} 0 no-query originserver
http_access allow all
client_idle_pconn_timeout ${seconds(idleMs)}
request_start_timeout ${seconds(unusedMs)}
shutdown_lifetime 0 seconds
cache deny all
access_log none
cache_log ${folder}/cache.log
pid_filename none
pinger_enable off
coredump_dir ${folder}
cache_effective_user ${process.getuid?.() === 0 ? "proxy" : "nobody"}
`,
      }),
      command: () => [program, "-N", "-f", "squid.conf"],
      ports: [port],
    });
    const whole = (ms: number): number => Math.ceil(ms / 1000) * 1000;
    return {
      version: await versionOf([program, "-v"], /Version [\d.]+/),
      ports: {
        idle: {
          url: `http://127.0.0.1:${port}/`,
          // Its clock ticks once a second.
          earlyMs: 1000,
          lateMs: 1000,
          idleMs: whole(idleMs),
          unusedMs: whole(unusedMs),
          requests: null,
          lifetimeMs: null,
        },
      },
      close: child.close,
    };
  },
};
