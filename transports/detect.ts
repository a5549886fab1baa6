/** Which runtime this is: the one place that asks. */

import type { Transport } from "../src/transport.ts";

interface Globals {
  readonly Bun?: unknown;
  readonly Deno?: unknown;
  readonly process?: { readonly versions?: { readonly node?: string } };
}

/**
 * The transport of the runtime, loaded on demand.
 *
 * @throws {TypeError} on a runtime that has none.
 */
export async function detectTransport(): Promise<Transport> {
  const { Bun, Deno, process } = globalThis as Globals;
  // In this order: Bun and Deno imitate Node's `process`.
  if (Bun !== undefined) return (await import("./bun.ts")).bunTransport;
  if (Deno !== undefined) return (await import("./deno.ts")).denoTransport;
  if (process?.versions?.node !== undefined) return (await import("./node.ts")).nodeTransport;
  throw new TypeError("No transport for this runtime: pass `transport`");
}
