/**
 * A small HTTP/1.1 server for {@linkcode MemoryPeer}s. It reads complete requests and sends complete responses, in order. It is
 * meant for tests: strict about framing, and without other features.
 */

import { concat, latin1Bytes, latin1Text } from "./latin1.ts";
import type { MemoryPeer } from "./memory-peer.ts";

/** A complete request. */
export interface MemoryRequest {
  /** Such as `"GET"`. */
  readonly method: string;
  /** The request target: `"/items?page=2"`. */
  readonly path: string;
  /** Every header field. */
  readonly headers: Headers;
  /** The body without its framing. */
  readonly body: Uint8Array;
  /** 1 for the first request of the connection. */
  readonly number: number;
  /** The body decoded as UTF-8. */
  text(): string;
}

/** The response to a request. */
export interface MemoryResponse {
  /** Status of the response. @default 200 */
  readonly status?: number | undefined;
  /** Reason phrase. @default "" */
  readonly statusText?: string | undefined;
  /** Sent unchanged. `Content-Length` or `Transfer-Encoding` is added if neither is present. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A string is sent as UTF-8. A list is sent chunked, one chunk per item. */
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Sends `Connection: close`, and FIN after the response. */
  readonly close?: boolean | undefined;
}

/** Responds to the requests of one connection. */
export type Responder = (
  request: MemoryRequest,
  peer: MemoryPeer,
) => MemoryResponse | Promise<MemoryResponse>;

/** Reads requests from a peer and responds to them, one after the other. */
export function respondTo(peer: MemoryPeer, respond: Responder): void {
  let unread = "";
  let busy = false;
  let count = 0;

  const respondWith = (request: MemoryRequest, response: MemoryResponse): void => {
    busy = false;
    const close = response.close === true || /\bclose\b/i.test(request.headers.get("connection") ?? "");
    peer.send(encode(response, request.method, close));
    if (close) peer.end();
    else next();
  };
  const fail = (error: unknown): void => {
    const status = error instanceof SyntaxError ? 400 : 500;
    peer.send(encode({ status, body: String(error) }, "GET", true));
    peer.end();
  };
  const next = (): void => {
    if (busy || peer.state !== "open") return;
    const found = readRequest(unread, count + 1);
    if (found === undefined) return;
    busy = true;
    count++;
    unread = unread.slice(found.length);
    const { request } = found;
    const response = respond(request, peer);
    // Respond synchronously if the response is no promise: tests may rely on the order.
    if (response instanceof Promise) response.then((value) => respondWith(request, value)).catch(fail);
    else respondWith(request, response);
  };
  peer.onData((bytes) => {
    unread += latin1Text(bytes);
    try {
      next();
    } catch (error) {
      fail(error);
    }
  });
}

/** The first request in a text and its length, or `undefined` if it is incomplete. */
function readRequest(text: string, number: number): { request: MemoryRequest; length: number } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...fields] = text.slice(0, end).split("\r\n");
  const [, method, path] = /^(\S+) (\S+) HTTP\/1\.[01]$/.exec(start) ?? [];
  if (method === undefined || path === undefined) throw new SyntaxError(`Not a request: ${start}`);
  const headers = new Headers(fields.map(readField));
  const framed = readBody(text, end + 4, headers);
  if (framed === undefined) return undefined;
  const body = latin1Bytes(framed.body);
  const request = { method, path, headers, body, number, text: () => new TextDecoder().decode(body) };
  return { request, length: framed.end };
}

function readField(line: string): [string, string] {
  const [, name, value] = /^([^\s:]+):(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new SyntaxError(`Not a header field: ${line}`);
  return [name, value.trim()];
}

interface Framed {
  readonly body: string;
  /** Where the next request starts. */
  readonly end: number;
}

function readBody(text: string, start: number, headers: Headers): Framed | undefined {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return readChunks(text, start);
  const end = start + Number(headers.get("content-length") ?? 0);
  if (!Number.isSafeInteger(end) || end < start) throw new SyntaxError("Not a Content-Length");
  return text.length < end ? undefined : { body: text.slice(start, end), end };
}

function readChunks(text: string, start: number): Framed | undefined {
  let body = "";
  for (let at = start; ; ) {
    const line = text.indexOf("\r\n", at);
    if (line < 0) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size >= 0)) throw new SyntaxError(`Not a chunk size: ${text.slice(at, line)}`);
    if (size === 0) {
      // With or without trailer fields, the message ends with an empty line.
      const end = text.indexOf("\r\n\r\n", line);
      return end < 0 ? undefined : { body, end: end + 4 };
    }
    at = line + 2 + size + 2;
    if (text.length < at) return undefined;
    body += text.slice(line + 2, at - 2);
  }
}

function encode(response: MemoryResponse, method: string, close: boolean): Uint8Array {
  const { status = 200, statusText = "", headers = {}, body = "" } = response;
  const chunked = Array.isArray(body);
  const pieces = (chunked ? body : [body]).map(bytesOf);
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = [
    `HTTP/1.1 ${status} ${statusText}`,
    ...Object.entries(headers).map((field) => field.join(": ")),
  ];
  const bare = (status >= 100 && status < 200) || status === 204 || status === 304;
  if (!bare && !names.includes("content-length") && !names.includes("transfer-encoding")) {
    lines.push(chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${pieces[0]?.length ?? 0}`);
  }
  if (close && !names.includes("connection")) lines.push("Connection: close");
  const head = latin1Bytes(`${lines.join("\r\n")}\r\n\r\n`);
  if (bare || method === "HEAD") return head;
  return concat([head, ...(chunked ? chunks(pieces) : pieces)]);
}

function chunks(pieces: readonly Uint8Array[]): Uint8Array[] {
  const framed = pieces
    .filter((piece) => piece.length > 0)
    .flatMap((piece) => [latin1Bytes(`${piece.length.toString(16)}\r\n`), piece, latin1Bytes("\r\n")]);
  return [...framed, latin1Bytes("0\r\n\r\n")];
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}
