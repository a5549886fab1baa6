/** The type of `pool.fetch`: it stands wherever `typeof fetch` is asked for, whatever types the program is compiled with. */

import type { FetchInit, FetchInput } from "./fetch-request.ts";

/**
 * The standard's `fetch`, as a pool has it. It needs no `this`.
 *
 * Its arguments are also those of the `fetch` that the program's types declare. They are read from it, because the names
 * differ: there is no `RequestInfo` without the DOM's types, and Bun's `fetch` takes a `BunFetchRequestInit`.
 */
export interface FetchFunction {
  /**
   * Sends a request, and resolves with its response when the head has come.
   *
   * @throws {TypeError} with a {@linkcode HoldfastError} as its `cause`; or the signal's reason, untouched.
   */
  (
    input: FetchInput | Parameters<typeof fetch>[0],
    init?: FetchInit | Parameters<typeof fetch>[1],
  ): Promise<Response>;
  /**
   * Begins to open a connection, unless one is idle. This is Bun's addition to the standard. It reports no failure:
   * {@linkcode Pool.preconnect} does, and can be awaited.
   *
   * @throws {TypeError} for anything but an `http:` or `https:` URL.
   */
  preconnect(url: string | URL): void;
}
