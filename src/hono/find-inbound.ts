/** Find inbound: which server a request came through, by the shape of what it hands to the application. */

import type { Clock } from "../clock.ts";
import type { Inbound } from "./inbound.ts";
import { bunInbound } from "./inbound-bun.ts";
import { denoInbound } from "./inbound-deno.ts";
import { nodeInbound } from "./inbound-node.ts";

/** The connection of a request, or `undefined` where there is none to speak of. */
export function inboundOf(env: unknown, request: Request, clock: Clock): Inbound | undefined {
  if (typeof env !== "object" || env === null) return undefined;
  // An application may hand its own bindings on with the server's inside.
  const { server } = env as { readonly server?: unknown };
  const bindings = typeof server === "object" && server !== null ? server : env;
  return nodeInbound(bindings) ?? bunInbound(bindings, request, clock) ?? denoInbound(bindings, request);
}
