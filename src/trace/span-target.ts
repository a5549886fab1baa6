/** Target: what a span says of the request before it is sent, without what is secret. */

import { originOf } from "../contract/origin.ts";
import { methodLabel } from "../metrics/labels.ts";
import type { SpanAttributes } from "./tracer-like.ts";

/** The name of a span, and what is known when it begins. */
export interface SpanTarget {
  readonly name: string;
  readonly attributes: SpanAttributes;
}

/** What a call asks for. `undefined`: no pool sends it, as the URL is none of HTTP. */
export function spanTargetOf(
  url: unknown,
  method: string,
  describe: ((url: URL) => string) | undefined,
): SpanTarget | undefined {
  try {
    const parsed = new URL(url as string | URL);
    const { hostname, port } = originOf(parsed);
    const known = methodLabel(method);
    const original = known === method ? undefined : { "http.request.method_original": method };
    const attributes = {
      "http.request.method": known,
      ...original,
      "server.address": hostname,
      "server.port": port,
      "url.full": described(parsed, describe),
    };
    // The conventions: a method that is not known must not make a name of its own.
    return { name: known === method ? known : "HTTP", attributes };
  } catch {
    return undefined;
  }
}

function described(url: URL, describe: ((url: URL) => string) | undefined): string {
  if (describe === undefined) return redacted(url);
  try {
    return String(describe(url));
  } catch {
    return redacted(url);
  }
}

function redacted({ protocol, host, pathname, search }: URL): string {
  const values = search.slice(1).split("&");
  const query = search === "" ? "" : `?${values.map(withoutValue).join("&")}`;
  return `${protocol}//${host}${pathname}${query}`;
}

/** A part without `=` may be a value itself. */
function withoutValue(part: string): string {
  const end = part.indexOf("=");
  return end === -1 ? "REDACTED" : `${part.slice(0, end)}=REDACTED`;
}
