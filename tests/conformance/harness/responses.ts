/** Responses: response texts and server scripts that many scenarios share. */

import type { Peer } from "./peer.ts";

/** A response head with the given fields, unchanged. */
export function head(status: string, ...fields: readonly string[]): string {
  return `HTTP/1.1 ${status}\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}

/** 200 with a `Content-Length` and further fields. */
export function ok(body = "ok", ...fields: readonly string[]): string {
  return head("200 OK", `content-length: ${body.length}`, ...fields) + body;
}

/** The head of a 200 whose body of `length` bytes is sent separately. */
export function okHead(length: number): string {
  return head("200 OK", `content-length: ${length}`);
}

/** Responds to every request with the same bytes. */
export function always(response: string): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (;;) {
      await peer.request();
      await peer.send(response);
    }
  };
}

/** Responds to every request with its method and path. */
export async function echo(peer: Peer): Promise<void> {
  for (;;) {
    const { method, path } = await peer.request();
    await peer.send(ok(`${method} ${path}`));
  }
}

/** Responds to the requests of each connection with the given responses in order, then repeats the last. */
export function inTurn(...responses: readonly string[]): (peer: Peer) => Promise<void> {
  return async (peer) => {
    for (let at = 0; ; at++) {
      await peer.request();
      await peer.send(responses[Math.min(at, responses.length - 1)] ?? "");
    }
  };
}

/** The period of the pattern: a prime, so that a lost, repeated or moved piece shows. */
const PERIOD = 251;

/** Not a power of two, so that pieces and buffers do not align. */
export const PIECE = 60_007;

const PATTERN = Buffer.alloc(PERIOD * 4096, Buffer.from(Array.from({ length: PERIOD }, (_, at) => at)));

/** Bytes of the pattern, starting at `at`. */
export function pattern(length: number, at = 0): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    done += PATTERN.copy(bytes, done, (at + done) % PERIOD);
  }
  return bytes;
}

/** Whether the bytes equal {@linkcode pattern} starting at `at`. */
export function isPattern(bytes: Uint8Array, at = 0): boolean {
  const longest = PATTERN.length - PERIOD;
  for (let done = 0; done < bytes.length; done += longest) {
    const piece = bytes.subarray(done, done + longest);
    const start = (at + done) % PERIOD;
    if (PATTERN.compare(piece, 0, piece.length, start, start + piece.length) !== 0) return false;
  }
  return true;
}

/** Sends `length` bytes of the pattern in pieces, by `write`, which resolves once a piece was accepted. */
export async function sendPattern(
  length: number,
  write: (piece: Uint8Array) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < length; at += PIECE) await write(pattern(Math.min(PIECE, length - at), at));
}
