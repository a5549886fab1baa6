/** Finds out which server a request came through, by the shape of the environment that the server passes on. */

import type { Clock } from "../../contract/clock.ts";
import { bunAdapter } from "../../inbound/bun-adapter.ts";
import { denoAdapter } from "../../inbound/deno-adapter.ts";
import { http2Adapter } from "../../inbound/http2-adapter.ts";
import { nodeAdapter } from "../../inbound/node-adapter.ts";
import type { ServerAdapter } from "../../inbound/server-adapter.ts";

/** Whether `env` has anything from a known server. Without it, the connection cannot be identified. */
export function hasServerBindings(env: unknown): boolean {
  const bindings = bindingsOf(env);
  return bindings !== undefined && ["incoming", "requestIP", "remoteAddr"].some((name) => name in bindings);
}

/** The adapter for a request's connection, or `undefined` if there is no connection to identify. */
export function findAdapter(env: unknown, request: Request, clock: Clock): ServerAdapter | undefined {
  const bindings = bindingsOf(env);
  if (bindings === undefined) return undefined;
  return (
    nodeAdapter(bindings) ??
    http2Adapter(bindings, clock) ??
    bunAdapter(bindings, request, clock) ??
    denoAdapter(bindings, request)
  );
}

/** Applications may pass bindings of their own, with the server's under `server`. */
function bindingsOf(env: unknown): object | undefined {
  if (typeof env !== "object" || env === null) return undefined;
  const { server } = env as { readonly server?: unknown };
  return typeof server === "object" && server !== null ? server : env;
}
