/**
 * Node's own modules, by the time they are needed. `node:tls` takes 6 ms of a start on Node 24, which plain requests
 * need not wait for. Imports at the top of a file would be worse yet: a bundler moves them to the top of the program,
 * where `node:net` costs 13 ms on Bun 1.4 and 8 ms on Deno 2.9, which never use it.
 */

import type * as Net from "node:net";
import type * as Tls from "node:tls";
import { neededBuiltin } from "./builtin.ts";

let net: typeof Net | undefined;
let tls: typeof Tls | undefined;

/** `node:net`. */
export function nodeNet(): typeof Net {
  net ??= neededBuiltin<typeof Net>("node:net");
  return net;
}

/** `node:tls`. */
export function nodeTls(): typeof Tls {
  tls ??= neededBuiltin<typeof Tls>("node:tls");
  return tls;
}
