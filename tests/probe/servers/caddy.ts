/** Caddy, which keeps connections as Go's `net/http` does. */

import { readFileSync } from "node:fs";
import { freePorts, launch } from "../../parity/servers/child.ts";
import { versionOf } from "../../parity/systems/tools.ts";
import { binary } from "./install.ts";
import { certificate, type KnownSystem } from "./known-server.ts";

export const caddy: KnownSystem = {
  title: "Caddy",
  async start({ idleMs, unusedMs }) {
    const program = binary("caddy");
    if (program === undefined) return { missing: "no Caddy: npm run probe:servers installs it" };
    const [plain = 0, secure = 0] = await freePorts(2);
    const child = await launch({
      files: (folder) => ({
        "caddy.json": JSON.stringify(configuration(plain, secure, { idleMs, unusedMs })),
        "server.pem": readFileSync(certificate.cert, "utf8"),
        "server.key": readFileSync(certificate.key, "utf8"),
        "home/README": folder,
      }),
      command: () => [program, "run", "--config", "caddy.json"],
      env: { HOME: "home", XDG_CONFIG_HOME: "home", XDG_DATA_HOME: "home" },
      ports: [plain, secure],
    });
    const limits = { idleMs, requests: null, lifetimeMs: null };
    return {
      version: await versionOf([program, "version"], /v[\d.]+/),
      ports: {
        plain: { url: `http://127.0.0.1:${plain}/`, ...limits, unusedMs },
        secure: {
          url: `https://127.0.0.1:${secure}/`,
          ...limits,
          unusedMs,
          http2: limits,
          closeNotify: true,
        },
      },
      close: child.close,
    };
  },
};

function configuration(plain: number, secure: number, times: { idleMs: number; unusedMs: number }): object {
  const server = (port: number): object => ({
    listen: [`127.0.0.1:${port}`],
    idle_timeout: times.idleMs * NANOSECONDS,
    read_header_timeout: times.unusedMs * NANOSECONDS,
    automatic_https: { disable: true },
    routes: [{ handle: [{ handler: "static_response", body: "ok" }] }],
  });
  return {
    admin: { disabled: true },
    apps: {
      http: {
        servers: { plain: server(plain), secure: { ...server(secure), tls_connection_policies: [{}] } },
      },
      tls: { certificates: { load_files: [{ certificate: "server.pem", key: "server.key" }] } },
    },
  };
}

const NANOSECONDS = 1_000_000;
