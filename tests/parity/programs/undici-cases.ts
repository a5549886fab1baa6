/** undici's Agent with `request()`, for any version of undici. */

import type * as Undici from "undici";
import type { Tune } from "../schedule.ts";
import { BODY, serveCases } from "./protocol.ts";

/** Time limit for a response. */
const PATIENCE_MS = 6000;

/** The part of undici that is used. It is the same in both versions. */
export type UndiciModule = Pick<typeof Undici, "Agent" | "request">;

export function serveUndici(version: string, { Agent, request }: UndiciModule): void {
  serveCases(`undici ${version}`, (tune: Tune) => {
    const dispatcher = new Agent({
      headersTimeout: PATIENCE_MS,
      bodyTimeout: PATIENCE_MS,
      ...(tune.idleTimeoutMs !== undefined && { keepAliveTimeout: tune.idleTimeoutMs }),
      ...(tune.maxConnectionsPerOrigin !== undefined && { connections: tune.maxConnectionsPerOrigin }),
      ...(tune.maxLifetimeMs !== undefined && { clientTtl: tune.maxLifetimeMs }),
      ...(tune.maxRequests !== undefined && { maxRequestsPerClient: tune.maxRequests }),
    });
    return {
      async send(method, url) {
        const body = method === "POST" || method === "PUT" ? BODY : null;
        const response = await request(url, { method, dispatcher, body });
        await response.body.arrayBuffer();
        return response.statusCode;
      },
      close: () => dispatcher.destroy(),
    };
  });
}
