/** nginx with TLS, over HTTP/1.1 and HTTP/2, with a `server` for each limit. */

import { freePorts, launch } from "../../parity/servers/child.ts";
import { find, versionOf } from "../../parity/systems/tools.ts";
import { certificate, type KnownSystem } from "./known-server.ts";

export const secureNginx: KnownSystem = {
  title: "nginx with TLS and HTTP/2",
  async start({ idleMs, unusedMs, requests, lifetimeMs }) {
    const program = find("nginx");
    if (program === undefined) return { missing: "no nginx: apt-get install nginx" };
    const [idle = 0, count = 0, lifetime = 0] = await freePorts(3);
    const child = await launch({
      files: () => ({
        "nginx.conf": configuration([
          server(idle, `keepalive_timeout ${idleMs}ms; client_header_timeout ${unusedMs}ms;`),
          server(count, `keepalive_timeout ${idleMs}ms; keepalive_requests ${requests};`),
          server(lifetime, `keepalive_timeout ${idleMs}ms; keepalive_time ${lifetimeMs}ms;`),
        ]),
      }),
      command: (folder) => [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"],
      ports: [idle, count, lifetime],
    });
    const url = (port: number): string => `https://127.0.0.1:${port}/`;
    const limits = { idleMs, unusedMs, lifetimeMs: null };
    return {
      version: await versionOf([program, "-v"], /nginx\/[\d.]+/),
      ports: {
        idle: { url: url(idle), ...limits, http2: { idleMs, lifetimeMs: null }, closeNotify: true },
        requests: { url: url(count), requests, http2: { requests } },
        lifetime: { url: url(lifetime), lifetimeMs, http2: { lifetimeMs } },
      },
      close: child.close,
    };
  },
};

function server(port: number, directives: string): string {
  return `server {
    listen 127.0.0.1:${port} ssl http2;
    ${directives}
    location / { return 200 "ok"; }
  }
`;
}

function configuration(servers: readonly string[]): string {
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ssl_certificate ${certificate.cert};
  ssl_certificate_key ${certificate.key};
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${servers.join("")}
}
`;
}
