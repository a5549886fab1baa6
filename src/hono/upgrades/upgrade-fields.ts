/** Upgrade fields: what of a client's fields goes on with an upgrade, and what the gateway adds. */

import type { Fields } from "../../http1/parse/fields.ts";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { dropHopByHop, isHopByHop } from "../upstream/hop-by-hop.ts";

/** Where a request came from. */
export interface UpgradeHop {
  readonly address: string | undefined;
  readonly protocol: "http" | "https";
  /** The name of this gateway in `Via`; `false` without. */
  readonly via: string | false;
  /** Whether the peer is a proxy whose `X-Forwarded-*` fields are true. */
  readonly trust: boolean;
}

/** Fields that say who the client is, and that a client may write itself. */
const HOPS = [
  "forwarded",
  "x-real-ip",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-port",
];

/**
 * Takes out what belongs to one hop, and adds `X-Forwarded-*` and `Via`. `headers` are the client's own.
 *
 * @throws {ClientRequestError} for a body, for two hosts, and for a loop (RFC 9110 §7.6.3).
 */
export function outgoingUpgradeFields(headers: Headers, hop: UpgradeHop): Headers {
  const host = headers.get("host") ?? "";
  if (host.includes(",")) throw new ClientRequestError(400, "it has two hosts");
  const length = headers.get("content-length");
  if ((length !== null && Number(length) !== 0) || headers.has("transfer-encoding"))
    throw new ClientRequestError(400, "it asks for an upgrade and has a body");
  const out = new Headers(headers);
  dropHopByHop(out);
  for (const name of ["host", "content-length", "expect"]) out.delete(name);
  const before = hop.trust ? headers.get("x-forwarded-for") : null;
  const told = (name: string): string | null => (hop.trust ? headers.get(name) : null);
  const [toldHost, toldProtocol] = [told("x-forwarded-host"), told("x-forwarded-proto")];
  if (!hop.trust) for (const name of HOPS) out.delete(name);
  const addresses = [before, hop.address].filter((part) => part !== null && part !== undefined);
  if (addresses.length > 0) out.set("x-forwarded-for", addresses.join(", "));
  out.set("x-forwarded-host", toldHost ?? host);
  out.set("x-forwarded-proto", toldProtocol ?? hop.protocol);
  if (hop.via !== false) addVia(out, hop.via);
  return out;
}

function addVia(headers: Headers, name: string): void {
  const before = headers.get("via");
  const passed = (before ?? "").split(",").some((hop) => hop.trim().split(" ")[1] === name);
  if (passed) throw new ClientRequestError(400, `the gateway ${name} has passed it on already (Via)`);
  headers.set("via", before === null ? `1.1 ${name}` : `${before}, 1.1 ${name}`);
}

/** The head of an answer as it is written to the client. `connection`: its value of `Connection`. */
export function answerHead(status: number, statusText: string, fields: Fields, connection: string): string {
  let head = `HTTP/1.1 ${status} ${statusText}\r\nconnection: ${connection}\r\n`;
  for (const [name, value] of fields) {
    if (!isHopByHop(name) || (status === 101 && name.toLowerCase() === "upgrade"))
      head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

/** Whether a 101 switches to a protocol that was asked for. */
export function isAsked(protocol: string, asked: string): boolean {
  const wanted = asked.split(",").map((one) => one.trim().toLowerCase());
  return protocol.split(",").every((one) => wanted.includes(one.trim().toLowerCase()));
}
