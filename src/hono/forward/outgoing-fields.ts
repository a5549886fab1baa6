/** Outgoing fields: the client's fields without those that end here, with those that this gateway adds. */

import { ClientRequestError } from "../upstream/client-errors.ts";
import { isHopByHop } from "../upstream/hop-by-hop.ts";
import {
  type ForwardingFields,
  forwardingFields,
  type OwnHop,
  type TrustedHops,
  tellsOfHops,
} from "./forwarding-fields.ts";
import { hasPassed, LoopError } from "./via.ts";

/** What the fields of a request to the upstream are made with. */
export interface FieldPlan {
  readonly hop: OwnHop;
  readonly trusted: TrustedHops;
  readonly forwarded: ForwardingFields | false;
  /** The version of the message that was received. */
  readonly version: string;
  /** The name of this gateway; `false` without `Via`. */
  readonly via: string | false;
  /** The cookies, if the server itself joins their lines. Deno's `Headers` joins them by a comma, which no cookie has. */
  readonly cookie: string | undefined;
  /** `Host`; `undefined` for the target's own. */
  readonly host: string | undefined;
}

/** The fields to send, and what else the client's fields say about the request. */
export interface OutgoingFields {
  readonly fields: [name: string, value: string][];
  /** The length that the client announced. */
  readonly contentLength: string | undefined;
  /** Whether the client sends a body of a length that is not known. */
  readonly isChunked: boolean;
  /** Whether the client reads trailers. */
  readonly takesTrailers: boolean;
}

/**
 * Reads the client's fields once. Fields that belong to one hop end here, and so do those that say what hops there were,
 * unless a trusted proxy wrote them. The framing is made anew.
 *
 * @throws {ClientRequestError} for a loop, or for a transfer coding that no server has removed.
 */
export function outgoingFields(
  received: Iterable<readonly [string, string]>,
  plan: FieldPlan,
): OutgoingFields {
  const read: ReadFields = { kept: [], hops: new Map(), single: new Map() };
  if (plan.host !== undefined) read.kept.push(["host", plan.host]);
  for (const [name, value] of received)
    take(read, name, name === "cookie" ? joined(value, plan.cookie) : value);
  const { kept: fields, hops, single } = read;
  if (plan.forwarded !== false)
    fields.push(...forwardingFields(hops, plan.hop, plan.trusted, plan.forwarded));
  const via = single.get("via");
  if (plan.via !== false) fields.push(["via", viaOf(via, plan.version, plan.via)]);
  else if (via !== undefined) fields.push(["via", via]);
  refuseFaulty(single, plan.version);
  const isChunked = isOnlyChunked(single.get("transfer-encoding"));
  return {
    fields,
    contentLength: isChunked ? undefined : single.get("content-length"),
    isChunked,
    takesTrailers: TRAILERS.test(single.get("te") ?? ""),
  };
}

/** The client's fields: those that are sent on, those about hops, and those that are written anew. */
interface ReadFields {
  readonly kept: [string, string][];
  readonly hops: Map<string, string>;
  readonly single: Map<string, string>;
}

/** Fields that are written anew. `TE` and `Transfer-Encoding` belong to one hop, but say something about the body. */
const WRITTEN_ANEW: ReadonlySet<string> = new Set([
  "content-length",
  "host",
  "te",
  "transfer-encoding",
  "via",
]);

const TRAILERS = /(?:^|[, \t])trailers(?:$|[,; \t])/i;

function take({ kept, hops, single }: ReadFields, name: string, value: string): void {
  if (WRITTEN_ANEW.has(name)) single.set(name, value);
  else if (tellsOfHops(name)) hops.set(name, value);
  else if (!endsHere(name)) kept.push([name, value]);
}

/** The cookies as the server joined them, unless the application has changed them. */
function joined(value: string, byServer: string | undefined): string {
  if (byServer === undefined || byServer === value) return value;
  return byServer.replaceAll("; ", ", ") === value.replaceAll("; ", ", ") ? byServer : value;
}

/** Whether a field ends here, or is one that CGI and WSGI cannot tell from it: `_` is `-` to them. */
function endsHere(name: string): boolean {
  if (!name.includes("_")) return isHopByHop(name);
  const dashed = name.replaceAll("_", "-");
  return isHopByHop(dashed) || WRITTEN_ANEW.has(dashed);
}

/** Host and port. Servers build a URL of it, and anything else would become a part of the path. */
const HOST = /^[\w.~!$&'()*+;=%:[\]-]+$/;

/** @throws {ClientRequestError} for two hosts or what is none (RFC 9112 §3.2), and for chunks in HTTP/1.0 (§6.1). */
function refuseFaulty(single: ReadonlyMap<string, string>, version: string): void {
  const host = single.get("host");
  if (host !== undefined && !HOST.test(host)) throw new ClientRequestError(400, "its Host is no host");
  if (version === "1.0" && single.has("transfer-encoding"))
    throw new ClientRequestError(400, "HTTP/1.0 has no transfer codings");
}

/**
 * The server has removed `chunked`. It has not removed another coding, and the upstream would take the coded body for the
 * content (RFC 9112 §6.1: 501).
 */
function isOnlyChunked(coding: string | undefined): boolean {
  if (coding === undefined) return false;
  if (coding.toLowerCase() === "chunked") return true;
  throw new ClientRequestError(501, "its transfer coding is not supported");
}

function viaOf(received: string | undefined, version: string, name: string): string {
  if (received === undefined || received === "") return `${version} ${name}`;
  if (hasPassed(received, name)) throw new LoopError(name);
  return `${received}, ${version} ${name}`;
}

/**
 * Removes fields of the client that an upstream behind CGI or WSGI cannot tell from one that `edit` has set: these turn
 * both `x-user` and `x_user` into `HTTP_X_USER`.
 */
export function removeLookalikes(edited: Headers): void {
  for (const name of [...edited.keys()])
    if (name.includes("_") && edited.has(name.replaceAll("_", "-"))) edited.delete(name);
}
