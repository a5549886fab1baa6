/**
 * Data URLs: the bytes and the MIME type that a `data:` URL holds (Fetch §6). The runtimes differ: Bun 1.4 gives no
 * charset, refuses base64 without its padding and takes some that is none.
 */

import { HEX } from "../http1/syntax.ts";
import { normalMimeType } from "./mime-type.ts";

export interface DataUrlContent {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @param url Parsed, so that it is ASCII alone. @throws {TypeError} if it has no comma, or its base64 is none. */
export function readDataUrl(url: URL): DataUrlContent {
  const { href, hash } = url;
  const text = href.slice("data:".length, href.length - hash.length);
  const comma = text.indexOf(",");
  if (comma < 0) throw new TypeError("The data: URL has no comma");
  const described = trimmed(text.slice(0, comma));
  const bytes = percentDecoded(text.slice(comma + 1));
  const before = beforeBase64(described);
  return before === undefined
    ? { type: typeOf(described), bytes }
    : { type: typeOf(before), bytes: base64Decoded(bytes) };
}

function typeOf(described: string): string {
  const full = described.startsWith(";") ? `text/plain${described}` : described;
  return normalMimeType(full) ?? "text/plain;charset=US-ASCII";
}

/** What stands before `;base64`, whose semicolon may be followed by spaces. `undefined` if the text does not end so. */
function beforeBase64(text: string): string | undefined {
  if (!text.toLowerCase().endsWith("base64")) return undefined;
  let end = text.length - "base64".length;
  while (text[end - 1] === " ") end--;
  return text[end - 1] === ";" ? text.slice(0, end - 1) : undefined;
}

/** Without spaces around. The URL parser left no other white space: it drops some, and escapes the rest. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (text[start] === " ") start++;
  while (end > start && text[end - 1] === " ") end--;
  return text.slice(start, end);
}

function percentDecoded(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const high = code === 37 ? digitAt(text, at + 1) : 255;
    const low = high === 255 ? 255 : digitAt(text, at + 2);
    bytes[length++] = low === 255 ? code : high * 16 + low;
    if (low !== 255) at += 2;
  }
  return bytes.slice(0, length);
}

function digitAt(text: string, at: number): number {
  return HEX[text.charCodeAt(at)] ?? 255;
}

/** `atob` is the forgiving decoding of the standard (Infra §7). Its error is a DOMException. */
function base64Decoded(encoded: Uint8Array): Uint8Array<ArrayBuffer> {
  try {
    const text = atob(new TextDecoder("latin1").decode(encoded));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new TypeError("The data: URL is not base64, as it says", { cause });
  }
}
