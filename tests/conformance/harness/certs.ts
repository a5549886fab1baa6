/** Certs: the certificates for tests. */

import { readFileSync } from "node:fs";

/** Reads one of `tests/certs`. */
export function pem(name: string): string {
  return readFileSync(new URL(`../../certs/${name}`, import.meta.url), "utf8");
}

/** The authority that signed all of them. */
export const ca: string = pem("ca.pem");
