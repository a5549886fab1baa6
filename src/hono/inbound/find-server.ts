/** Find inbound: which server a request came through, by the shape of what it hands to the application. */

import type { Clock } from "../../contract/clock.ts";
import type { ServerAdapter } from "./server.ts";
import { bunInbound } from "./server-bun.ts";
import { denoInbound } from "./server-deno.ts";
import { nodeInbound } from "./server-node.ts";

/** Whether anything of a server's is there: without it, no connection can be found. */
export function hasServer(env: unknown): boolean {
  const bindings = bindingsOf(env);
  return bindings !== undefined && ["incoming", "requestIP", "remoteAddr"].some((name) => name in bindings);
}

/** The connection of a request, or `undefined` where there is none to speak of. */
export function serverOf(env: unknown, request: Request, clock: Clock): ServerAdapter | undefined {
  const bindings = bindingsOf(env);
  if (bindings === undefined) return undefined;
  return nodeInbound(bindings) ?? bunInbound(bindings, request, clock) ?? denoInbound(bindings, request);
}

/** An application may hand its own bindings on with the server's inside. */
function bindingsOf(env: unknown): object | undefined {
  if (typeof env !== "object" || env === null) return undefined;
  const { server } = env as { readonly server?: unknown };
  return typeof server === "object" && server !== null ? server : env;
}
