/**
 * Node fields: the client's fields as `node:http` has parsed them. `Headers` would check, copy and sort them again, which is a
 * tenth of a forwarded request (Node 20).
 */

import type { NodeIncoming } from "../upstream/server-bindings.ts";

/** A field that no client sends, because it stands in no message. */
const PROBE = "x-holdfast-probe";

/** A request of `node:http` whose fields are those that the application sees. */
export type UntouchedIncoming = NodeIncoming & Required<Pick<NodeIncoming, "headers">>;

/**
 * The request of `node:http`, if `headers` still has the fields that Node has parsed; else `undefined`. The `Headers` of @hono/node-server 2 read
 * Node's fields until somebody changes or lists them, and have a copy from then on. A field that is put among Node's for this
 * moment tells which. Other implementations have a copy from the start.
 */
export function untouchedFields(
  headers: Headers,
  incoming: NodeIncoming | undefined,
): UntouchedIncoming | undefined {
  if (incoming?.httpVersionMajor !== 1 || incoming.headers === undefined) return undefined;
  const fields = incoming.headers as Record<string, string>;
  if (Object.hasOwn(fields, PROBE)) return undefined;
  fields[PROBE] = "1";
  try {
    return headers.has(PROBE) ? (incoming as UntouchedIncoming) : undefined;
  } finally {
    delete fields[PROBE];
  }
}

/** Takes fields one by one, the name in lower case. */
export interface FieldTaker {
  take(name: string, value: string): void;
}

/**
 * Hands each field over. Returns `false` if some were left out or changed: Node keeps one line of some fields, and joins others
 * its own way.
 */
export function eachNodeField({ headers, rawHeaders }: UntouchedIncoming, to: FieldTaker): boolean {
  let lines = 0;
  for (const name in headers) {
    const value = headers[name];
    // `Headers` trims, and what Node lets through is for the slow way to judge.
    if (typeof value !== "string" || value.charCodeAt(value.length - 1) <= 32) return false;
    to.take(name, value);
    lines += 1;
  }
  return rawHeaders?.length === 2 * lines;
}
