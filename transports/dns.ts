/** Names: their addresses by `getaddrinfo`, which knows `/etc/hosts`, search domains and the system's preference. */

import { builtin } from "./builtin.ts";
import { failure } from "./failure.ts";

interface Dns {
  lookup(
    hostname: string,
    options: { all: true; verbatim: true },
    callback: (error: Error | null, addresses: readonly { readonly address: string }[]) => void,
  ): void;
}

let dns: Dns | undefined;

/**
 * The addresses of a name in the system's order (RFC 6724). On Deno and Bun, too: `Deno.resolveDns` asks name servers
 * alone, and gives `localhost` addresses that the system does not (Deno 2.9).
 */
export function systemAddresses(hostname: string): Promise<readonly string[]> {
  dns ??= builtin<Dns>("node:dns");
  return new Promise((resolve, reject) => {
    dns?.lookup(hostname, { all: true, verbatim: true }, (error, found) => {
      if (error === null) resolve(found.map(({ address }) => address));
      else reject(failure(error, "connect"));
    });
  });
}
