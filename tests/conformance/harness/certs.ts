/** Certificates for tests. */

import { readFileSync } from "node:fs";

/** Reads one of `tests/certs`. */
export function pem(name: string): string {
  return readFileSync(new URL(`../../certs/${name}`, import.meta.url), "utf8");
}

/** The authority that signed them all. */
export const ca: string = pem("ca.pem");
