/** nginx, with a `server` for each setup. */

import { find, versionOf } from "../systems/tools.ts";
import { freePorts, launch } from "./child.ts";
import { IDLE_MS, LIFETIME_MS, LONG_IDLE_MS, REQUESTS, type ServerSystem } from "./server-system.ts";

/** The announced `Keep-Alive: timeout` in the setup that has one. It is not the real timeout. */
const ANNOUNCED_S = 7;

export const nginx: ServerSystem = {
  name: "nginx",
  title: "nginx",
  setups: {
    idle: { keepaliveTimeout: IDLE_MS },
    announced: { keepaliveTimeout: IDLE_MS, announcedTimeout: ANNOUNCED_S * 1000 },
    requests: { keepaliveTimeout: LONG_IDLE_MS, keepaliveRequests: REQUESTS },
    lifetime: { keepaliveTimeout: LONG_IDLE_MS, keepaliveTime: LIFETIME_MS },
  },
  async start(idleMs = IDLE_MS) {
    const program = find("nginx");
    if (program === undefined) return { missing: "no nginx: apt-get install nginx" };
    const ports = await freePorts(4);
    const [idle = 0, announced = 0, requests = 0, lifetime = 0] = ports;
    const servers = [
      server(idle, `keepalive_timeout ${idleMs}ms;`),
      server(announced, `keepalive_timeout ${IDLE_MS}ms ${ANNOUNCED_S}s;`),
      server(requests, `keepalive_timeout ${LONG_IDLE_MS}ms; keepalive_requests ${REQUESTS};`),
      server(lifetime, `keepalive_timeout ${LONG_IDLE_MS}ms; keepalive_time ${LIFETIME_MS}ms;`),
    ];
    const child = await launch({
      files: () => ({ "nginx.conf": configuration(servers) }),
      command: (folder) => [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"],
      ports,
    });
    const version = await versionOf([program, "-v"], /nginx\/[\d.]+/);
    return { version, ports: { idle, announced, requests, lifetime }, close: child.close };
  },
};

function server(port: number, directives: string): string {
  return `server {
    listen 127.0.0.1:${port};
    ${directives}
    location / { return 200 "ok"; }
    location /missing { return 404 "no"; }
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
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${servers.join("")}
}
`;
}
