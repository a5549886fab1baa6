/** Detects the runtime. No other file does. */

import type { Transport } from "../src/contract/transport.ts";

interface Globals {
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly navigator?: { readonly userAgent?: string };
  readonly WebSocketPair?: unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/** The user agent of workerd, on Cloudflare and elsewhere. */
const WORKERD = "Cloudflare-Workers";

/**
 * The transport of the runtime, loaded on demand.
 *
 * @throws {TypeError} on a runtime that has none.
 */
export async function detectTransport(): Promise<Transport> {
  const globals = globalThis as Globals;
  // workerd first: with nodejs_compat it has Node's `process` and `node:net`, but its sockets end with the request that
  // opened them. Before 2022-03-21 it told no user agent.
  if (globals.navigator?.userAgent === WORKERD || globals.WebSocketPair !== undefined) {
    throw new TypeError(
      'On Cloudflare Workers a pool needs their transport: createPool({ transport: workersTransport({ scope: "request" }) }), ' +
        "and poolObject() for connections that outlive a request, both from @holdfast/pool/workers",
    );
  }
  // Node last, because Bun and Deno imitate its `process`. Deno 2.9 takes 10 ms to make it.
  if (globals.Bun !== undefined) return (await import("./bun.ts")).bunTransport;
  if (globals.Deno !== undefined) return (await import("./deno.ts")).denoTransport;
  if (globals.process?.versions?.node !== undefined) return (await import("./node.ts")).nodeTransport;
  throw new TypeError("No transport for this runtime: pass `transport`");
}
