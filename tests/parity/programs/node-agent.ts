/** `http.Agent` of Node, set like the global one: LIFO, and 5 s if the server announces nothing. */

import { Agent, request } from "node:http";
import process from "node:process";
import type { Tune } from "../schedule.ts";
import { BODY, type CaseClient, serveCases } from "./protocol.ts";

serveCases(`node ${process.versions.node}`, (tune: Tune): CaseClient => {
  const agent = new Agent({
    keepAlive: true,
    scheduling: "lifo",
    timeout: tune.idleTimeoutMs ?? 5000,
    ...(tune.maxIdlePerOrigin !== undefined && { maxFreeSockets: tune.maxIdlePerOrigin }),
    ...(tune.maxConnectionsPerOrigin !== undefined && { maxSockets: tune.maxConnectionsPerOrigin }),
  });
  return {
    send: (method, url) =>
      new Promise((resolve, reject) => {
        const hasBody = method === "POST" || method === "PUT";
        const headers = hasBody ? { "content-length": BODY.length } : {};
        const outgoing = request(url, { method, agent, headers }, (response) => {
          response.resume();
          response.on("end", () => resolve(response.statusCode ?? 0));
          response.on("error", reject);
        });
        outgoing.on("timeout", () => outgoing.destroy(new Error("timeout")));
        outgoing.on("error", reject);
        outgoing.end(hasBody ? BODY : undefined);
      }),
    close: () => agent.destroy(),
  };
});
