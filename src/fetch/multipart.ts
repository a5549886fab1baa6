/**
 * Multipart: a `FormData` as `multipart/form-data`, part by part, by the HTML standard's "multipart/form-data encoding
 * algorithm" (RFC 7578). The runtimes' own encoders give it as a whole, or without its length.
 */

import { type BlobLike, blobPart, type Part } from "./pieces.ts";

/** An entry of a `FormData`, of any library. */
export type FormEntry = readonly [name: string, value: string | (BlobLike & { readonly name?: unknown })];

const encoder = new TextEncoder();

/**
 * A boundary that nobody can foresee: whoever could would write parts of their own into the value of a field
 * (CVE-2025-22150, CVE-2025-7783).
 */
export function newBoundary(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `holdfast-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The body of a form: text that stands together is one part, files are parts of their own. */
export function formParts(entries: readonly FormEntry[], boundary: string): Part[] {
  const parts: Part[] = [];
  let text = "";
  for (const [name, value] of entries) {
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escaped(crlf(String(name)))}"`;
    if (typeof value === "string") {
      text += `${head}\r\n\r\n${crlf(value)}\r\n`;
      continue;
    }
    const filename = typeof value.name === "string" ? value.name : "blob";
    const type = value.type === "" ? "application/octet-stream" : value.type;
    text += `${head}; filename="${escaped(filename)}"\r\nContent-Type: ${type}\r\n\r\n`;
    parts.push(encoder.encode(text), blobPart(value));
    text = "\r\n";
  }
  parts.push(encoder.encode(`${text}--${boundary}--\r\n`));
  return parts;
}

/** A line end of any kind is CR LF in names and values (not in the names of files). */
function crlf(text: string): string {
  return text.replace(/\r\n?|\n/g, "\r\n");
}

/** Nothing in a name may end it, or its line. */
function escaped(name: string): string {
  return name.replace(/[\r\n"]/g, (character) => ESCAPES[character] ?? "");
}

const ESCAPES: Readonly<Record<string, string>> = { "\r": "%0D", "\n": "%0A", '"': "%22" };
