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
  const { Bun, Deno, navigator, WebSocketPair, process } = globalThis as Globals;
  // workerd first: with nodejs_compat it has Node's `process` and `node:net`, but its sockets end with the request that
  // opened them.
  // Before 2022-03-21 it told no user agent.
  if (navigator?.userAgent === WORKERD || WebSocketPair !== undefined) {
    throw new TypeError(
      'On Cloudflare Workers a pool needs their transport: createPool({ transport: workersTransport({ scope: "request" }) }), ' +
        "and poolObject() for connections that outlive a request, both from @holdfast/pool/workers",
    );
  }
  // Node last, because Bun and Deno imitate its `process`.
  if (Bun !== undefined) return (await import("./bun.ts")).bunTransport;
  if (Deno !== undefined) return (await import("./deno.ts")).denoTransport;
  if (process?.versions?.node !== undefined) return (await import("./node.ts")).nodeTransport;
  throw new TypeError("No transport for this runtime: pass `transport`");
}
