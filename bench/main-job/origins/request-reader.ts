/** Request reader: parses the requests of one connection, with just enough of HTTP/1 for our own clients. */

import { Buffer } from "node:buffer";

export interface ReadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly bodyLength: number;
}

export class RequestReader {
  #bytes: Buffer = Buffer.alloc(0);

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** The next request, once its body is complete. */
  next(): ReadRequest | undefined {
    const headEnd = this.#bytes.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const [first = "", ...lines] = this.#bytes.toString("latin1", 0, headEnd).split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const headers = new Map(lines.map(field));
    const bodyLength = Number(headers.get("content-length") ?? 0);
    const end = headEnd + 4 + bodyLength;
    if (this.#bytes.length < end) return undefined;
    this.#bytes = this.#bytes.subarray(end);
    return { method, path, headers, bodyLength };
  }
}

function field(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

/** Whether a list of tokens contains this one (RFC 9110 §5.6.1). */
export function hasToken(list: string | undefined, token: string): boolean {
  return (list ?? "").split(",").some((item) => item.trim().toLowerCase() === token);
}
