/**
 * The two modules of workerd that `src/workers` and `transports/workers.ts` import, as far as they use them. Cloudflare's own
 * package of types declares globals that differ from those of the other runtimes.
 */

declare module "cloudflare:sockets" {
  /** Opens a socket; `opened` of it tells whether that worked. */
  export function connect(address: { hostname: string; port: number }, options?: object): never;
}

declare module "cloudflare:workers" {
  /** The class that every Durable Object extends. Its methods are called by RPC. */
  export abstract class DurableObject<Env = unknown> {
    constructor(ctx: unknown, env: Env);
  }
  /** Lets the request that runs go on after its answer, until the promise is settled. */
  export function waitUntil(promise: Promise<unknown>): void;
  /** The bindings of the Worker that runs. */
  export const env: Readonly<Record<string, unknown>>;
}
