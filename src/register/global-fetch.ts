/** Global fetch: puts a pool's `fetch` in place of the runtime's, and takes it out again. */

import type { Pool } from "../create-pool.ts";
import type { FetchFunction } from "../fetch/fetch-function.ts";

/** What is registered in this process. */
interface Registration {
  /** `undefined` after it was taken out: then `fetch` passes every call to the runtime's. */
  pool: Pool | undefined;
  readonly own: typeof fetch;
  readonly fetch: FetchFunction;
}

/** One per process, however many copies of this module there are: bundles, versions. */
const KEY = Symbol.for("@holdfast/pool/register");

const globals = globalThis as typeof globalThis & { [KEY]?: Registration };

/** Schemes of which the pool knows nothing are the runtime's: `data:`, `blob:`, `file:` on Deno and Bun. */
const OTHER_SCHEME = /^\s*(?!https?:)[a-z][a-z\d+.-]*:/i;

/** Makes the pool's `fetch` the global one. Returns the pool that was so before. */
export function install(pool: Pool): Pool | undefined {
  globals[KEY] ??= registrationOver(globalThis.fetch);
  const registration = globals[KEY];
  const before = registration.pool;
  registration.pool = pool;
  globalThis.fetch = registration.fetch as typeof fetch;
  return before;
}

/**
 * Makes the runtime's own `fetch` the global one again. Where somebody has wrapped ours since, the wrapper stays, and
 * reaches the runtime's own through ours. Returns the pool that was registered.
 */
export function uninstall(): Pool | undefined {
  const registration = globals[KEY];
  if (registration === undefined) return undefined;
  const { pool } = registration;
  registration.pool = undefined;
  if (globalThis.fetch === registration.fetch) {
    globalThis.fetch = registration.own;
    delete globals[KEY];
  }
  return pool;
}

/** The function stays the same when the pool is replaced, because programs keep references to the global `fetch`. */
function registrationOver(own: typeof fetch): Registration {
  const fetch = ((input: Parameters<FetchFunction>[0], init?: Parameters<FetchFunction>[1]) => {
    const { pool } = registration;
    return pool === undefined || OTHER_SCHEME.test(urlOf(input))
      ? own(input as RequestInfo, init as RequestInit)
      : pool.fetch(input, init);
  }) as FetchFunction;
  fetch.preconnect = (url) => registration.pool?.fetch.preconnect(url);
  const registration: Registration = { pool: undefined, own, fetch };
  return registration;
}

/** The URL of any first argument of `fetch`: text, a `URL`, a `Request`, or what the standard converts to text. */
function urlOf(input: Parameters<FetchFunction>[0]): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  return typeof input === "object" && input !== null && "url" in input ? String(input.url) : String(input);
}
