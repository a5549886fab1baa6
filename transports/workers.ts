/**
 * Sockets on Cloudflare Workers, by `connect` of `cloudflare:sockets`.
 *
 * A socket belongs to the request that opened it, or, in a Durable Object, to the object. The transport cannot tell where it
 * is used, so whoever makes the pool says it.
 */

import { connect } from "cloudflare:sockets";
import type { Transport } from "../src/contract/transport.ts";
import type { WorkersConnect } from "./workers-api.ts";
import { workersTransportOver } from "./workers-socket.ts";

export type { WorkersConnect, WorkersSocket, WorkersSocketOptions } from "./workers-api.ts";

/** Options of {@linkcode workersTransport}. */
export interface WorkersTransportOptions {
  /**
   * How long a socket may be used. `"request"`: within the request that opened it, as in every Worker. `"object"`: by all requests
   * of a Durable Object.
   */
  readonly scope: "request" | "object";
  /**
   * Opens sockets: `(address, options) => env.VPC.connect(address, options)`.
   *
   * @default `connect` of `cloudflare:sockets`
   */
  readonly connect?: WorkersConnect | undefined;
}

/**
 * A transport for {@linkcode createPool}. It needs no compatibility flag.
 *
 * In a Worker, make the pool in the request, or use `upstream({ transport })`, which makes one for each request.
 *
 * @throws {TypeError} for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * app.use(upstream({ transport: workersTransport({ scope: "request" }) }));
 * ```
 */
export function workersTransport(options: WorkersTransportOptions): Transport {
  const { scope, connect: own, ...unknown } = Object(options) as WorkersTransportOptions;
  if (scope !== "request" && scope !== "object")
    throw new TypeError(`scope must be "request" or "object": current value is ${String(scope)}`);
  const [name] = Object.keys(unknown);
  if (name !== undefined) throw new TypeError(`Unknown option of workersTransport: ${name}`);
  if (own !== undefined && typeof own !== "function")
    throw new TypeError(`connect must be a function: current value is of type ${typeof own}`);
  return workersTransportOver(own ?? connect, scope);
}
