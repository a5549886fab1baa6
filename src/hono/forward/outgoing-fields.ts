/** Outgoing fields: the client's fields without those that end here, with those that this gateway adds. */

import { ClientRequestError } from "../upstream/client-errors.ts";
import { HOP_BY_HOP_SET } from "../upstream/hop-by-hop.ts";
import {
  addForwardingFields,
  type ForwardingFields,
  type OwnHop,
  type TrustedHops,
  tellsOfHops,
} from "./forwarding-fields.ts";
import { eachNodeField, type FieldTaker, type UntouchedIncoming } from "./node-fields.ts";
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
 * @param own Has the same fields, as `node:http` has parsed them, if they are known to be the same.
 * @throws {ClientRequestError} for a loop, or for a transfer coding that no server has removed.
 */
export function outgoingFields(
  received: Iterable<readonly [string, string]>,
  plan: FieldPlan,
  own?: UntouchedIncoming,
): OutgoingFields {
  const read = (own === undefined ? undefined : readNode(own, plan)) ?? readAll(received, plan);
  const { kept: fields, single } = read;
  if (plan.forwarded !== false)
    addForwardingFields(fields, read.hops, plan.hop, plan.trusted, plan.forwarded);
  if (plan.via !== false) fields.push(["via", viaOf(single.via, plan.version, plan.via)]);
  else if (single.via !== undefined) fields.push(["via", single.via]);
  refuseFaulty(single, plan.version);
  const isChunked = isOnlyChunked(single["transfer-encoding"]);
  return {
    fields,
    contentLength: isChunked ? undefined : single["content-length"],
    isChunked,
    takesTrailers: single.te !== undefined && TRAILERS.test(single.te),
  };
}

function readAll(received: Iterable<readonly [string, string]>, plan: FieldPlan): ReadFields {
  const read = new ReadFields(plan.host);
  for (const [name, value] of received)
    read.take(name, name === "cookie" ? joined(value, plan.cookie) : value);
  return read;
}

function readNode(own: UntouchedIncoming, plan: FieldPlan): ReadFields | undefined {
  const read = new ReadFields(plan.host);
  return eachNodeField(own, read) ? read : undefined;
}

/** Fields that are written anew. `TE` and `Transfer-Encoding` belong to one hop, but say something about the body. */
interface WrittenAnew {
  "content-length": string | undefined;
  host: string | undefined;
  te: string | undefined;
  "transfer-encoding": string | undefined;
  via: string | undefined;
}

/** The client's fields: those that are sent on, those about hops, and those that are written anew. */
class ReadFields implements FieldTaker {
  readonly kept: [string, string][] = [];
  /** Nearly no request has any. */
  hops: Map<string, string> | undefined = undefined;
  readonly single: WrittenAnew = {
    "content-length": undefined,
    host: undefined,
    te: undefined,
    "transfer-encoding": undefined,
    via: undefined,
  };

  /** @param host `Host`, if it is not the target's own. */
  constructor(host: string | undefined) {
    if (host !== undefined) this.kept.push(["host", host]);
  }

  /** @param name In lower case. */
  take(name: string, value: string): void {
    if (isWrittenAnew(name)) this.single[name] = value;
    else if (tellsOfHops(name)) {
      this.hops ??= new Map();
      this.hops.set(name, value);
    } else if (!endsHere(name)) this.kept.push([name, value]);
  }
}

function isWrittenAnew(name: string): name is keyof WrittenAnew {
  return WRITTEN_ANEW.has(name);
}

const WRITTEN_ANEW: ReadonlySet<string> = new Set([
  "content-length",
  "host",
  "te",
  "transfer-encoding",
  "via",
] satisfies (keyof WrittenAnew)[]);

const TRAILERS = /(?:^|[, \t])trailers(?:$|[,; \t])/i;

/** The cookies as the server joined them, unless the application has changed them. */
function joined(value: string, byServer: string | undefined): string {
  if (byServer === undefined || byServer === value) return value;
  return byServer.replaceAll("; ", ", ") === value.replaceAll("; ", ", ") ? byServer : value;
}

/** Whether a field ends here, or is one that CGI and WSGI cannot tell from it: `_` is `-` to them. */
function endsHere(name: string): boolean {
  if (!name.includes("_")) return HOP_BY_HOP_SET.has(name);
  const dashed = name.replaceAll("_", "-");
  return HOP_BY_HOP_SET.has(dashed) || WRITTEN_ANEW.has(dashed);
}

/** Host and port. Servers build a URL of it, and anything else would become a part of the path. */
const HOST = /^[\w.~!$&'()*+;=%:[\]-]+$/;

/** @throws {ClientRequestError} for two hosts or what is none (RFC 9112 §3.2), and for chunks in HTTP/1.0 (§6.1). */
function refuseFaulty(single: WrittenAnew, version: string): void {
  const { host } = single;
  if (host !== undefined && !HOST.test(host)) throw new ClientRequestError(400, "its Host is no host");
  if (version === "1.0" && single["transfer-encoding"] !== undefined)
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
