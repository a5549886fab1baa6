/**
 * Forwarding fields: what the upstream is told of the hops before it, in `Forwarded` (RFC 7239) or `X-Forwarded-*`. A
 * client may write any of it. What was written by proxies that are trusted is kept, and this gateway adds its own peer.
 */

/** Which fields tell of the hops. The others are removed, because nobody vouches for them. */
export type ForwardingFields = "x-forwarded" | "forwarded" | "both";

/** Says how many of the hops in front are trusted: none, so many, or those of certain addresses. */
export type TrustedHops = false | number | ((address: string) => boolean);

/** What a gateway knows itself of the hop that it received a request by. */
export interface OwnHop {
  /** The peer's address; `undefined` if the server does not show it. */
  readonly address: string | undefined;
  readonly host: string;
  readonly protocol: string;
}

/** The client's forwarding fields, by name in lower case. */
export type ReceivedHops = ReadonlyMap<string, string>;

/** Fields that tell who the client is or what it asked for. `_` is `-` to CGI and WSGI. */
const TELLS_OF_HOPS =
  /^(?:forwarded|x-forwarded(?:-.*)?|x-original-(?:for|host|proto|forwarded-.*)|(?:x-real|x-client|x-cluster-client|true-client|client|fastly-client|cf-connecting)-ip|cf-connecting-ipv6|x-envoy-external-address)$/;

/** Whether a field tells of hops before this one. */
export function tellsOfHops(name: string): boolean {
  // Fast path: few names begin so.
  const first = name.charCodeAt(0);
  if (first !== 0x78 && first !== 0x66 && first !== 0x74 && first !== 0x63) return false;
  return TELLS_OF_HOPS.test(name.includes("_") ? name.replaceAll("_", "-") : name);
}

/** Fields of `X-Forwarded-*` that this gateway writes. */
const WRITTEN = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"] as const;

/** Adds the forwarding fields of the outgoing request. @param received `undefined`: none. */
export function addForwardingFields(
  fields: [name: string, value: string][],
  received: ReceivedHops | undefined,
  own: OwnHop,
  trusted: TrustedHops,
  which: ForwardingFields,
): void {
  if (which !== "forwarded") addXForwarded(fields, received, own, trusted);
  if (which === "x-forwarded") return;
  const elements = kept(received?.get("forwarded"), forOf, own.address, trusted);
  fields.push(["forwarded", [...elements, elementOf(own)].join(", ")]);
}

function addXForwarded(
  fields: [string, string][],
  received: ReceivedHops | undefined,
  own: OwnHop,
  trusted: TrustedHops,
): void {
  const { address, host, protocol } = own;
  const before = kept(received?.get("x-forwarded-for"), addressOf, address, trusted);
  if (before.length > 0)
    fields.push(["x-forwarded-for", [...before, ...(address === undefined ? [] : [address])].join(", ")]);
  else if (address !== undefined) fields.push(["x-forwarded-for", address]);
  const told = isTrusted(address, trusted) ? received : undefined;
  fields.push(["x-forwarded-host", told?.get("x-forwarded-host") ?? host]);
  fields.push(["x-forwarded-proto", told?.get("x-forwarded-proto") ?? protocol]);
  if (told === undefined) return;
  for (const [name, value] of told) {
    const isOurs =
      (WRITTEN as readonly string[]).includes(name) || name === "forwarded" || name.includes("_");
    if (!isOurs) fields.push([name, value]);
  }
}

function isTrusted(address: string | undefined, trusted: TrustedHops): boolean {
  if (typeof trusted === "function") return address !== undefined && trusted(address);
  return trusted !== false && trusted > 0;
}

const NONE: readonly string[] = [];

/**
 * The members of a list that were written by trusted proxies. Each proxy adds its own peer at the end. So the last member
 * is true if our peer is trusted, the one before it if the last one names a trusted proxy, and so on.
 */
function kept(
  received: string | undefined,
  addressIn: (member: string) => string,
  peer: string | undefined,
  trusted: TrustedHops,
): readonly string[] {
  if (received === undefined || trusted === false) return NONE;
  const list = listOf(received);
  if (typeof trusted === "number") return trusted === 0 ? [] : list.slice(-trusted);
  let from = list.length;
  let address = peer;
  while (from > 0 && isTrusted(address, trusted)) {
    from -= 1;
    address = addressIn(list[from] ?? "");
  }
  return list.slice(from);
}

/** The members of a list, in whose quoted strings a comma separates nothing. Without an end of such a string: none. */
function listOf(value: string): string[] {
  const members: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0x22) isQuoted = !isQuoted;
    else if (code === 0x5c && isQuoted) at += 1;
    else if (code === 0x2c && !isQuoted) {
      members.push(value.slice(start, at).trim());
      start = at + 1;
    }
  }
  if (isQuoted) return [];
  members.push(value.slice(start).trim());
  return members.filter((member) => member !== "");
}

/** The address in a member of `X-Forwarded-For`, which some proxies write with a port. */
function addressOf(member: string): string {
  if (member.startsWith("[")) return member.slice(1, Math.max(1, member.indexOf("]")));
  const colon = member.indexOf(":");
  return colon >= 0 && colon === member.lastIndexOf(":") ? member.slice(0, colon) : member;
}

/** The address in an element of `Forwarded`. */
function forOf(element: string): string {
  for (const pair of element.split(";")) {
    const equals = pair.indexOf("=");
    if (pair.slice(0, Math.max(0, equals)).trim().toLowerCase() !== "for") continue;
    const node = pair.slice(equals + 1).trim();
    return addressOf(node.startsWith('"') ? node.slice(1, -1) : node);
  }
  return "";
}

/** An address of IPv6, and a host with a port, need quotes (RFC 7239 §4, §6). */
function elementOf({ address, host, protocol }: OwnHop): string {
  const node = address?.includes(":") === true ? `"[${address}]"` : (address ?? "unknown");
  return `for=${node};host="${host.replace(/["\\]/g, "\\$&")}";proto=${protocol}`;
}
