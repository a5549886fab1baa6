/** A link of the tests: a wire whose socket is a recorder, and exchanges whose listeners write down what they are told. */

import type { ProtocolError } from "../../src/contract/errors.ts";
import { originOf } from "../../src/contract/origin.ts";
import { portableText } from "../../src/contract/text.ts";
import type { Socket } from "../../src/contract/transport.ts";
import type {
  ConnectionUser,
  RequestMessage,
  ResponseHead,
  WireConnection,
  WireFault,
  WireListener,
  WireStream,
} from "../../src/contract/wire.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { NO_FIELDS, requestFields } from "../../src/http1/send/request-head.ts";
import { Http2Wire } from "../../src/http2/http2-wire.ts";
import type { ResponseLimits } from "../../src/options/options.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { FrameText, settings } from "./frame-text.ts";

const ORIGIN = originOf("https://a.test");

export const GET: RequestMessage = {
  method: "GET",
  target: "/",
  origin: ORIGIN,
  fields: NO_FIELDS,
  body: undefined,
};

/** A request with these parts. */
export function request(
  parts: Partial<RequestMessage> & { readonly headers?: Readonly<Record<string, string>> } = {},
): RequestMessage {
  const { headers, ...rest } = parts;
  return {
    ...GET,
    ...(headers === undefined ? {} : { fields: requestFields(Object.entries(headers)) }),
    ...rest,
  };
}

/** What happens to one exchange. The last body bytes are joined to one line. */
export class Told implements WireListener {
  readonly lines: string[] = [];
  stream: WireStream | undefined;
  error: ProtocolError | undefined;
  #body = "";
  /** Called with each line. */
  onLine: (line: string) => void = () => {};

  get opened(): WireStream {
    if (this.stream === undefined) throw new Error("The exchange has not begun");
    return this.stream;
  }

  #add(line: string): void {
    if (this.#body !== "") this.lines.push(`body ${this.#body.length > 40 ? this.#body.length : this.#body}`);
    this.#body = "";
    this.lines.push(line);
    this.onLine(line);
  }

  interim = (head: ResponseHead): void => this.#add(`interim ${shown(head)}`);
  head = (head: ResponseHead, length?: number): void => this.#add(`head ${shown(head)} (${length})`);
  body = (bytes: Uint8Array, start: number, end: number): void => {
    this.#body += portableText.latin1(bytes, start, end);
  };
  progress = (): void => {};
  complete = (trailers: string): void => {
    this.#add(`complete ${JSON.stringify(trailers)}`);
    this.stream?.close(undefined);
  };
  drained = (): void => this.#add("drained");
  fault = (fault: WireFault): void => {
    const error = fault as ProtocolError;
    this.error = error;
    this.#add(`fault ${error.side} ${error.fault}: ${error.message}`);
    this.stream?.close("bad-framing");
  };
  unprocessed = (reason: string): void => {
    this.#add(`unprocessed ${reason}`);
    this.stream?.close(undefined);
  };
  lost = (error?: Error): void => {
    this.#add(`lost ${error?.message}`);
    this.stream?.close("peer-closed");
  };
  cut = (): void => this.#add("cut");
  evicted = (): void => this.#add("evicted");
}

function shown({ status, text }: ResponseHead): string {
  const fields = text.slice(text.indexOf("\r\n") + 2).replaceAll("\r\n", "; ");
  return `${status} ${fields}`.trim();
}

export interface LinkOptions {
  readonly limits?: ResponseLimits;
  readonly maxStreams?: number;
  /** Whether the socket takes what is written. */
  readonly accepts?: () => boolean;
  /** See {@linkcode Socket.allWritten}. */
  readonly allWritten?: () => boolean;
  /** See {@linkcode Socket.afterReads}. */
  readonly afterReads?: (callback: () => void) => void;
  /** See {@linkcode Socket.gather}. */
  readonly gather?: (length: number) => void;
}

/** A connection from the wire's side. What the pool is told is in `pool`, what the peer gets in `peer`. */
export class Link implements WireConnection {
  readonly wire: Http2Wire;
  readonly pool: string[] = [];
  readonly socket: Socket;
  user: ConnectionUser | undefined = undefined;
  capacity: number;
  /** Sizes of the writes. */
  readonly writes: number[] = [];
  /** What was written, as the socket got it, and as it was then. */
  readonly written: (readonly [Uint8Array, Uint8Array])[] = [];
  readonly #peer = new FrameText();
  readonly #lines: string[] = [];

  constructor(given: LinkOptions = {}) {
    const { limits, maxStreams = 1000, accepts = () => true, allWritten, afterReads, gather } = given;
    const nothing = (): void => {};
    this.socket = {
      applied: { tcpKeepAlive: false, noDelay: true },
      get allWritten() {
        return allWritten?.();
      },
      afterReads,
      ...(gather === undefined ? {} : { gather }),
      write: (bytes) => {
        this.#lines.push(...this.#peer.read(bytes as Uint8Array));
        this.writes.push(bytes.length);
        this.written.push([bytes as Uint8Array, (bytes as Uint8Array).slice()]);
        return accepts();
      },
      pause: () => void this.pool.push("pause"),
      resume: nothing,
      ref: nothing,
      setHandler: nothing,
      close: () => void this.pool.push("close"),
      abort: () => void this.pool.push("abort"),
      startTls: () => Promise.reject(new Error("No TLS here")),
    };
    const options = { limits: { ...resolveOptions().limits, ...limits }, maxStreams };
    this.wire = new Http2Wire(options, portableText, clearedBytes);
    this.capacity = this.wire.start(this);
  }

  /** A link on which the first settings were exchanged, and shown. */
  static settled(options: LinkOptions = {}, ...values: readonly (readonly [number, number])[]): Link {
    const link = new Link(options);
    link.arrive(settings(...values));
    link.peer();
    link.pool.length = 0;
    return link;
  }

  pause = (): void => void this.pool.push("pause");
  ref = (awaited: boolean): void => void this.pool.push(`ref ${awaited}`);
  capacityChanged = (capacity: number): void => {
    this.capacity = capacity;
    this.pool.push(`capacity ${capacity}`);
  };
  retire = (reason: string, taken?: number): void =>
    void this.pool.push(`retire ${reason}${taken === undefined ? "" : ` ${taken}`}`);
  ended = (reason: string, error?: Error): void => {
    this.user = undefined;
    this.pool.push(`ended ${reason}${error === undefined ? "" : `: ${error.message}`}`);
  };

  /** Begins an exchange. */
  open(): Told {
    const told = new Told();
    told.stream = this.wire.open(this, told);
    return told;
  }

  /** Begins an exchange and sends its request. */
  send(message: RequestMessage = GET, body?: Uint8Array): Told {
    const told = this.open();
    told.opened.send(message, false, undefined, body);
    return told;
  }

  arrive(...frames: readonly (readonly number[])[]): void {
    const bytes = Uint8Array.from(frames.flat());
    this.user?.data(bytes, bytes.length);
  }

  /** What the peer has got since the last call, a frame a line. */
  peer(): string[] {
    this.wire.flush();
    return this.#lines.splice(0);
  }

  /** What the pool was told, but for what keeps the process alive. */
  said(): string[] {
    return this.pool.filter((line) => !line.startsWith("ref"));
  }
}
