/**
 * `no_proxy`: which hosts it excepts. The rules are those of curl (7.86 and later, `lib/noproxy.c`) and three extensions
 * that other clients understand (undici, Go, Node, proxy-from-env): `*.name`, a port, and `*` among other entries.
 */

import { ipv6Bytes } from "./ipv6.ts";

/**
 * Whether a host is excepted. Entries are separated by commas or blanks:
 *
 * - `*` excepts every host.
 * - `name` and `.name` except the name and its subdomains, `*.name` the subdomains alone.
 * - An address may be a network (`10.0.0.0/8`). IPv6 may stand in brackets.
 * - An entry with a port (`name:8080`, `[::1]:8080`) counts for that port alone.
 *
 * Letter case and a dot at the end do not matter.
 */
export function isExcepted(hostname: string, list: string, port?: number): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const entries = list.toLowerCase().split(/[\s,]+/);
  const bits = bitsOf(name);
  return entries.some((entry) => {
    if (entry === "*") return true;
    const host = hostIn(entry, port);
    if (host === undefined) return false;
    return bits === undefined ? isBelow(name, host) : isIn(bits, host);
  });
}

/** The entry without its port; `undefined` if it is about another port. IPv6 with a port needs brackets. */
function hostIn(entry: string, port: number | undefined): string | undefined {
  const colon = entry.lastIndexOf(":");
  const hasPort = colon > 0 && (entry[colon - 1] === "]" || entry.indexOf(":") === colon);
  if (!hasPort) return entry;
  return Number(entry.slice(colon + 1)) === port ? entry.slice(0, colon) : undefined;
}

function isBelow(name: string, entry: string): boolean {
  const isWildcard = entry.startsWith("*.");
  const suffix = entry
    .slice(isWildcard ? 2 : 0)
    .replace(/^\./, "")
    .replace(/\.$/, "");
  return suffix !== "" && ((!isWildcard && name === suffix) || name.endsWith(`.${suffix}`));
}

function isIn(bits: string, entry: string): boolean {
  if (!entry.includes(".") && !entry.includes(":")) return false;
  const [network = "", length] = entry.split("/");
  const base = bitsOf(network.replace(/^\[|\]$/g, ""));
  if (base === undefined || base.length !== bits.length) return false;
  const prefix = length === undefined ? bits.length : Number(length);
  if (!/^\d+$/.test(length ?? "0") || prefix > bits.length) return false;
  return bits.startsWith(base.slice(0, prefix));
}

/** An address as a string of zeros and ones; `undefined` for a name. */
function bitsOf(address: string): string | undefined {
  const bytes = bytesOf(address);
  if (bytes === undefined || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  return bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

function bytesOf(address: string): number[] | undefined {
  if (/^\d+(\.\d+){3}$/.test(address)) return address.split(".").map(Number);
  return /^[\da-f:]+$/.test(address) && address.includes(":") ? ipv6Bytes(address) : undefined;
}
