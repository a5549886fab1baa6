/** No proxy: the hosts that `no_proxy` excepts, by curl's rules (curl 7.86 and later, `lib/noproxy.c`). */

import { ipv6Bytes } from "./socks5.ts";

/**
 * Whether a hostname is excepted. `*` alone excepts all. Otherwise names or addresses, separated by commas or blanks: a
 * name stands for itself and all below it, with or without a dot before it; addresses may be networks (`10.0.0.0/8`).
 * Letter case and a dot at the end do not matter. Ports cannot be given.
 */
export function isExcepted(hostname: string, list: string): boolean {
  if (list.trim() === "*") return true;
  const name = hostname.toLowerCase().replace(/\.$/, "");
  const entries = list.toLowerCase().split(/[\s,]+/);
  const bits = bitsOf(name);
  return entries.some((entry) => (bits === undefined ? isBelow(name, entry) : isIn(bits, entry)));
}

function isBelow(name: string, entry: string): boolean {
  const suffix = entry.replace(/^\./, "").replace(/\.$/, "");
  return suffix !== "" && (name === suffix || name.endsWith(`.${suffix}`));
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
