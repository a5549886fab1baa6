/** nginx as a client. It forwards each request to the recorder. */

import { request as httpRequest } from "node:http";
import { type Missing, type Program, walk } from "../program.ts";
import { BODY } from "../programs/protocol.ts";
import type { Case, Tune } from "../schedule.ts";
import { freePorts, launch } from "../servers/child.ts";
import type { Result } from "../trace.ts";
import type { System } from "./system.ts";
import { find, versionOf } from "./tools.ts";

export const nginxUpstream: System = {
  name: "nginxUpstream",
  title: "nginx upstream",
  can: ["together", "methods"],
  tunes: {
    idleTimeoutMs: "keepaliveTimeout",
    maxIdlePerOrigin: "keepalive",
    maxLifetimeMs: "keepaliveTime",
    maxRequests: "keepaliveRequests",
  },
  start,
};

const PATIENCE_S = 6;

async function start(cases: readonly Case[]): Promise<Program | Missing> {
  const program = find("nginx");
  if (program === undefined) return { missing: "no nginx: apt-get install nginx" };
  const [front = 0, ...ports] = await freePorts(cases.length + 1);
  const child = await launch({
    files: () => ({ "nginx.conf": configuration(front, ports, cases) }),
    command: (folder) => [program, "-p", folder, "-c", "nginx.conf", "-e", "stderr"],
    ports: [front],
  });
  return {
    version: await versionOf([program, "-v"], /nginx\/[\d.]+/),
    portFor: (plan) => ports[cases.indexOf(plan)],
    async run(plan, _, over) {
      const place = `http://127.0.0.1:${front}/${cases.indexOf(plan)}`;
      const results = await walk(plan.steps, (number, { method }) => send(method, `${place}/${number}`));
      await over();
      return results;
    },
    close: () => child.close(),
  };
}

/** An upstream for each case. */
function configuration(front: number, ports: readonly number[], cases: readonly Case[]): string {
  const upstreams = cases.map(({ tune = {} }, at) => upstream(at, ports[at] ?? 0, tune)).join("");
  const locations = cases.map((_, at) => `location /${at}/ { proxy_pass http://case${at}/; }\n`).join("");
  return `
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${upstreams}
  server {
    listen 127.0.0.1:${front};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_read_timeout ${PATIENCE_S}s;
    ${locations}
  }
}
`;
}

function upstream(at: number, port: number, tune: Tune): string {
  const {
    idleTimeoutMs = 60_000,
    maxIdlePerOrigin = 32,
    maxLifetimeMs = 3_600_000,
    maxRequests = 1000,
  } = tune;
  return `upstream case${at} {
    server 127.0.0.1:${port} max_fails=0;
    keepalive ${maxIdlePerOrigin};
    keepalive_timeout ${idleTimeoutMs}ms;
    keepalive_time ${maxLifetimeMs}ms;
    keepalive_requests ${maxRequests};
  }
`;
}

/** nginx answers 502 or 504 if a request to the upstream failed. */
function send(method: string, url: string): Promise<Result> {
  return new Promise((resolve) => {
    const outgoing = httpRequest(url, { method, agent: false }, (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      response.on("end", () => resolve(status === 502 || status === 504 ? "failed" : String(status)));
      response.on("error", () => resolve("failed"));
    });
    outgoing.on("error", () => resolve("failed"));
    outgoing.end(method === "POST" || method === "PUT" ? BODY : undefined);
  });
}
