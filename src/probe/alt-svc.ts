/** Alt-Svc: what a server says of other ways to it (RFC 7838), and whether that is true as far as a probe can tell. */

import type { Origin } from "../contract/origin.ts";
import type { Announced } from "./probe-report.ts";

/** One alternative: a protocol at a place. */
export interface Alternative {
  readonly protocol: string;
  /** `host:port`, or `:port` on the same host. */
  readonly authority: string;
}

/** The alternatives in an `Alt-Svc` field. `clear` and what is malformed count as none. */
export function alternatives(value: string): Alternative[] {
  const found: Alternative[] = [];
  for (const part of value.split(",")) {
    const [assignment = ""] = part.split(";", 1);
    const at = assignment.indexOf("=");
    const authority = assignment.slice(at + 1).trim();
    if (at < 1 || authority.length < 3 || !authority.startsWith('"') || !authority.endsWith('"')) continue;
    found.push({ protocol: assignment.slice(0, at).trim(), authority: authority.slice(1, -1) });
  }
  return found;
}

/** What is known of each alternative, in sentences. */
export function altSvcNotes({ altSvc }: Announced, origin: Origin, speaksHttp2: boolean): string[] {
  if (altSvc === undefined) return [];
  return alternatives(altSvc).map(
    ({ protocol, authority }) =>
      `It announces ${protocol} at ${authority} by Alt-Svc, ${judgement(protocol, authority, origin, speaksHttp2)}.`,
  );
}

function judgement(protocol: string, authority: string, origin: Origin, speaksHttp2: boolean): string {
  const isHere = authority === `:${origin.port}` || authority === `${origin.hostname}:${origin.port}`;
  if (protocol.startsWith("h3")) return "which is HTTP/3 over UDP and was not tried";
  if (!isHere) return "which is another origin and was not tried";
  if (protocol !== "h2") return "which was not tried";
  return speaksHttp2 ? "which is true" : "which is not true: it chooses no HTTP/2";
}
