/** Request reader: parses the bytes that a simulated server gets. It is strict, and accepts nothing malformed. */

import { ascii, payload } from "./payload.ts";

/** The head of a request. */
export interface SeenRequest {
  readonly method: string;
  readonly id: number;
  /** How many redirects were followed so far. */
  readonly hop: number;
  readonly keyed: boolean;
  readonly expectsContinue: boolean;
  readonly asksClose: boolean;
  readonly saysKeepAlive: boolean;
  readonly hasBody: boolean;
  /** It asks for another protocol. */
  readonly upgrade: boolean;
}

/** Receives the requests of one connection. */
export interface RequestSink {
  head(request: SeenRequest): void;
  /** The whole request has arrived. */
  complete(request: SeenRequest): void;
  /** The client wrote bytes that are not a request. That is never right. */
  nonsense(what: string, id?: number): void;
}

const REQUEST_LINE = /^(GET|HEAD|PUT|DELETE|POST) \/r\/(\d+)(?:\/(\d+))? HTTP\/1\.1$/;

/** The field that follows a body of `length` bytes. It proves that all of the body came. */
function trailersOf(id: number, length: number): string {
  return `x-sum: ${sumOf(id, length)}`;
}

/** The value of that field. */
export function sumOf(id: number, length: number): string {
  return `${id}-${length}`;
}

/** Reads the requests of one connection. */
export class RequestReader {
  readonly #sink: RequestSink;
  #text = "";
  #request: SeenRequest | undefined;
  /** Body bytes still to come; -1 while chunked. */
  #left = 0;
  #body = "";
  #bodyLength = 0;
  /** Its trailers were announced, and what came of them. */
  #announced = false;
  #trailers = "";
  #broken = false;

  constructor(sink: RequestSink) {
    this.#sink = sink;
  }

  /** Whether a request has begun and not ended. */
  get inRequest(): boolean {
    return this.#request !== undefined || this.#text !== "";
  }

  push(bytes: Uint8Array): void {
    if (this.#broken) return;
    this.#text += ascii(bytes);
    while (!this.#broken && this.#text !== "" && this.#advance());
  }

  #advance(): boolean {
    if (this.#request === undefined) return this.#readHead();
    return this.#left >= 0 ? this.#readLength() : this.#readChunk();
  }

  #readHead(): boolean {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 4);
    const [first = "", ...fields] = head.split("\r\n");
    const line = REQUEST_LINE.exec(first);
    if (line === null) return this.#nonsense(`request line ${JSON.stringify(first)}`);
    const has = (field: string) => fields.includes(field);
    const lengths = fields.filter((field) => field.startsWith("content-length: "));
    const chunked = has("transfer-encoding: chunked");
    if (lengths.length > (chunked ? 0 : 1)) return this.#nonsense("framed twice");
    this.#left = chunked ? -1 : Number(lengths[0]?.slice(16) ?? 0);
    this.#body = "";
    this.#bodyLength = 0;
    this.#announced = chunked && has("trailer: x-sum");
    this.#trailers = "";
    this.#request = {
      method: line[1] ?? "",
      id: Number(line[2]),
      hop: Number(line[3] ?? 0),
      keyed: fields.some((field) => field.startsWith("idempotency-key: ")),
      expectsContinue: has("expect: 100-continue"),
      asksClose: has("connection: close"),
      saysKeepAlive: has("connection: keep-alive"),
      hasBody: this.#left !== 0,
      upgrade: has("upgrade: echo") && has("connection: upgrade"),
    };
    this.#sink.head(this.#request);
    if (this.#left === 0) this.#complete();
    return true;
  }

  #readLength(): boolean {
    const part = this.#text.slice(0, this.#left);
    this.#text = this.#text.slice(part.length);
    this.#left -= part.length;
    this.#gotBody(part);
    if (this.#left === 0) this.#complete();
    return true;
  }

  #readChunk(): boolean {
    const end = this.#text.indexOf("\r\n");
    if (end < 0) return false;
    const size = Number.parseInt(this.#text.slice(0, end), 16);
    if (!(size >= 0)) return this.#nonsense(`chunk size ${JSON.stringify(this.#text.slice(0, 20))}`);
    if (size === 0) return this.#readTrailers(end + 2);
    const next = end + 2 + size + 2;
    if (this.#text.length < next) return false;
    if (this.#text.slice(next - 2, next) !== "\r\n") return this.#nonsense("a chunk without an end");
    this.#gotBody(this.#text.slice(end + 2, next - 2));
    this.#text = this.#text.slice(next);
    return true;
  }

  /** What follows the last chunk, up to an empty line. */
  #readTrailers(start: number): boolean {
    const end = this.#text.indexOf("\r\n\r\n", start - 2);
    if (end < 0) return false;
    this.#trailers = this.#text.slice(start, end);
    this.#text = this.#text.slice(end + 4);
    this.#complete();
    return true;
  }

  #gotBody(part: string): void {
    this.#bodyLength += part.length;
    this.#body += part;
  }

  #complete(): void {
    const request = this.#request;
    if (request === undefined) return;
    this.#request = undefined;
    if (this.#body !== payload(request.id, this.#bodyLength))
      this.#sink.nonsense(`the body of request ${request.id} is not its own`, request.id);
    const trailers = this.#announced ? trailersOf(request.id, this.#bodyLength) : "";
    if (this.#trailers !== trailers)
      this.#sink.nonsense(`the trailers of request ${request.id} are ${this.#trailers}`, request.id);
    this.#body = "";
    this.#sink.complete(request);
  }

  #nonsense(what: string): false {
    this.#broken = true;
    this.#sink.nonsense(what);
    return false;
  }
}
