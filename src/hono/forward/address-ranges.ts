/** Address ranges: which IP addresses `trust` names, alone (`10.0.0.1`) or by a prefix (`10.0.0.0/8`, `fd00::/8`). */

import { show } from "../../options/checks.ts";

/** The bits of an address, and of a prefix if there is one. */
interface AddressRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** A test whether an address is in one of the ranges. @throws {TypeError} for what is no address. */
export function inRanges(ranges: readonly string[]): (address: string) => boolean {
  const parsed = ranges.map(rangeOf);
  return (address) => {
    const bytes = addressBytes(address);
    return bytes !== undefined && parsed.some((range) => isWithin(bytes, range));
  };
}

function rangeOf(text: string): AddressRange {
  const [address = "", length, ...more] = typeof text === "string" ? text.split("/") : [];
  const bytes = addressBytes(address);
  const most = bytes === undefined ? 0 : bytes.length * 8;
  const bits = length === undefined ? most : bitsOf(length);
  if (bytes === undefined || more.length > 0 || !(bits <= most))
    throw new TypeError(
      `trust must hold IP addresses, with or without a prefix: current value is ${show(text)}`,
    );
  return { bytes, bits };
}

function bitsOf(length: string): number {
  return /^\d{1,3}$/.test(length) ? Number(length) : NaN;
}

function isWithin(bytes: readonly number[], range: AddressRange): boolean {
  if (bytes.length !== range.bytes.length) return false;
  for (let bit = 0; bit < range.bits; bit += 8) {
    const mask = range.bits - bit >= 8 ? 255 : 255 & (255 << (8 - (range.bits - bit)));
    const at = bit / 8;
    if (((bytes[at] ?? 0) & mask) !== ((range.bytes[at] ?? 0) & mask)) return false;
  }
  return true;
}

/** 4 or 16 bytes; `undefined` if the text is no IP address. An IPv4 address that is written as IPv6 has 4. */
function addressBytes(text: string): readonly number[] | undefined {
  if (!text.includes(":")) return ipv4Bytes(text);
  if (text.length > 45) return undefined;
  const last = text.lastIndexOf(":");
  const tail = text.slice(last + 1);
  const four = tail.includes(".") ? ipv4Bytes(tail) : undefined;
  if (four === undefined && tail.includes(".")) return undefined;
  const hex = four === undefined ? text : `${text.slice(0, last + 1)}0:0`;
  const bytes = ipv6Bytes(hex);
  if (bytes === undefined || four === undefined) return bytes;
  const whole = [...bytes.slice(0, 12), ...four];
  const isMapped = whole.slice(0, 10).every((byte) => byte === 0) && whole[10] === 255 && whole[11] === 255;
  return isMapped ? four : whole;
}

function ipv4Bytes(text: string): readonly number[] | undefined {
  if (text.length > 15) return undefined;
  const parts = text.split(".");
  const bytes = parts.map((part) => (/^(?:0|[1-9]\d{0,2})$/.test(part) ? Number(part) : 256));
  return parts.length === 4 && bytes.every((byte) => byte < 256) ? bytes : undefined;
}

function ipv6Bytes(text: string): readonly number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = tail === undefined ? head : [...head, ...Array<string>(missing).fill("0"), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
}
