/** Allow list: which origins an object may connect to. Whoever has its binding could make it connect anywhere otherwise. */

import { originOf } from "../contract/origin.ts";
import { show } from "../options/checks.ts";

/** Whether an origin, as `"https://api.example.com"`, is allowed. */
export type AllowList = (origin: string) => boolean;

/**
 * Reads `allowOrigins`. A path behind an origin is refused: it would look as if it restricted anything.
 *
 * @throws {TypeError} naming the entry that is no origin.
 */
export function allowListOf(allowOrigins: unknown): AllowList {
  if (allowOrigins === "any") return () => true;
  if (!Array.isArray(allowOrigins) || allowOrigins.length === 0)
    throw new TypeError(
      `allowOrigins must be a list of origins, or "any": current value is ${show(allowOrigins)}`,
    );
  const allowed = new Set(allowOrigins.map(originFrom));
  return (origin) => allowed.has(origin);
}

function originFrom(entry: unknown): string {
  if (typeof entry !== "string") throw wrongOrigin(entry);
  let key: string;
  try {
    key = originOf(entry).key;
  } catch (cause) {
    throw wrongOrigin(entry, cause);
  }
  const { pathname, search, hash } = new URL(entry);
  if (pathname + search + hash !== "/") throw wrongOrigin(entry);
  return key;
}

function wrongOrigin(entry: unknown, cause?: unknown): TypeError {
  return new TypeError(
    `allowOrigins must contain origins such as "https://api.example.com": one is ${show(entry)}`,
    cause === undefined ? undefined : { cause },
  );
}
