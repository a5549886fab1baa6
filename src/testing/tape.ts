/** Tape: exchanges with a real server, recorded once as JSON and replayed in tests without a network. */

import type { MemoryRequest, MemoryResponse } from "../../transports/memory.ts";
import type { FetchFunction } from "../fetch/fetch-function.ts";
import { AssertionError } from "./assertion-error.ts";

/** One exchange. */
export interface TapedExchange {
  /** Method of the request. */
  readonly method: string;
  /** URL of the request. */
  readonly url: string;
  /** The body of the request, in base64. */
  readonly sent: string;
  /** Status of the response. */
  readonly status: number;
  /** Fields of the response but those of its framing. */
  readonly headers: readonly (readonly [string, string])[];
  /** The body of the response, in base64. */
  readonly received: string;
}

/** What was recorded: plain JSON. It has bodies and response fields: keep secrets out, or it out of the repository. */
export interface Tape {
  /** Of the format. */
  readonly version: 1;
  /** In the order of the requests. */
  readonly exchanges: readonly TapedExchange[];
}

/** A recording. */
export interface Recorder {
  /** As the pool's own, and it records. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** What was recorded so far. */
  tape(): Tape;
}

/** Written anew at the replay. */
const FRAMING = ["connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"];

/** Records what goes through `fetch`. A body is read as a whole before the response is given to the caller. */
export function record(pool: { readonly fetch: FetchFunction }): Recorder {
  const exchanges: TapedExchange[] = [];
  const fetch: Recorder["fetch"] = async (input, init) => {
    const request = new Request(input, init);
    const body = new Uint8Array(await request.clone().arrayBuffer());
    const response = await pool.fetch(request);
    const received = new Uint8Array(await response.clone().arrayBuffer());
    const headers = [...response.headers].filter(([name]) => !FRAMING.includes(name));
    const { method, url } = request;
    exchanges.push({
      method,
      url,
      sent: base64(body),
      status: response.status,
      headers,
      received: base64(received),
    });
    return response;
  };
  return { fetch, tape: () => ({ version: 1, exchanges: [...exchanges] }) };
}

/**
 * Answers from a tape: give it to `testPool({ respond: playback(tape) })`. Exchanges of one request are replayed in the order in which
 * they were recorded, and the last of them again and again.
 *
 * @throws {TypeError} if it is no tape.
 */
export function playback(tape: Tape): (request: MemoryRequest) => MemoryResponse {
  if (tape?.version !== 1 || !Array.isArray(tape.exchanges))
    throw new TypeError("This is no tape: it needs version 1 and exchanges");
  const left = new Map<string, TapedExchange[]>();
  for (const exchange of tape.exchanges) {
    const { method, url, sent } = exchange;
    const key = keyOf(method, url, sent);
    left.set(key, [...(left.get(key) ?? []), exchange]);
  }
  return (request) => {
    const url = `http://${request.headers.get("host")}${request.path}`;
    const found = left.get(keyOf(request.method, url, base64(request.body)));
    const exchange = found !== undefined && found.length > 1 ? found.shift() : found?.[0];
    if (exchange === undefined)
      throw new AssertionError("the tape has no such request", `${request.method} ${url}`, [...left.keys()]);
    const { status, headers, received } = exchange;
    return { status, headers: Object.fromEntries(headers), body: bytesOf(received) };
  };
}

/** The scheme is left out: a server in memory sees plain text in both cases. */
function keyOf(method: string, url: string, sent: string): string {
  return `${method} ${url.replace(/^https?:\/\//, "")} ${sent}`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
}
