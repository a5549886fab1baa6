/** Transcript: records a parser's run over some bytes, so that two runs can be compared. */

import { ProtocolError } from "../../src/contract/errors.ts";
import { portableText } from "../../src/contract/text.ts";
import type { ResponseHead, ResponseSink } from "../../src/contract/wire.ts";
import { announcedEnd, bodyLength, type Framing, framingEnd } from "../../src/http1/parse/framing.ts";
import { ResponseParser } from "../../src/http1/parse/response-parser.ts";
import type { ResponseLimits } from "../../src/options/options.ts";

/** The defaults of the library, written out for tests that rely on them. */
export const LIMITS: Required<ResponseLimits> = {
  headBytes: 65_536,
  lineBytes: 32_768,
  headerCount: 256,
  chunkExtensionBytes: 16_384,
  trailerBytes: 16_384,
  informationalCount: Infinity,
  bodyBytes: Infinity,
};

/** What a parser made of a message. */
export interface Transcript {
  /** One entry per 1xx response and for the head, in order. */
  readonly heads: string[];
  /** How the final response is framed; `undefined` if its head never arrived. */
  readonly framing: Framing | undefined;
  /** The body, one character per byte. */
  readonly body: string;
  readonly trailers: string;
  /** Whether it is complete, perhaps only because the connection ended. */
  readonly complete: boolean;
  /** Whether it is complete only because the connection ended. */
  readonly endedByClose: boolean;
  /** Bytes that belong to the response: all of them if it is incomplete, 0 after a fault. */
  readonly consumed: number;
  /** `fault (phase): message`. */
  readonly fault: string | undefined;
  /** Why the connection cannot be reused, by the framing rules. */
  readonly reason: string | undefined;
}

/** How to run a parser. */
export interface Run {
  readonly method?: string;
  /** Positions at which the bytes are cut. */
  readonly cuts?: readonly number[];
  readonly limits?: Partial<ResponseLimits>;
  /** The byte that surrounds each piece in memory. The parser must not read it. */
  readonly around?: number;
  /** Whether the connection ends after the bytes. Default: yes. */
  readonly fin?: boolean;
}

/** One byte per character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** One character per byte. */
export function textOf(bytes: Uint8Array): string {
  return portableText.latin1(bytes, 0, bytes.length);
}

class Recorder implements ResponseSink {
  readonly heads: string[] = [];
  framing: Framing | undefined;
  reason: string | undefined;
  readonly #parser: ResponseParser;
  #body = "";

  constructor(parser: ResponseParser) {
    this.#parser = parser;
  }

  get bodyText(): string {
    return this.#body;
  }

  interim(head: ResponseHead): void {
    this.heads.push(describe(head));
  }

  head(head: ResponseHead, length: number | undefined): void {
    if (this.framing !== undefined) throw new Error("A second head was passed on");
    this.heads.push(describe(head));
    const { head: read, framing } = this.#parser;
    if (read === undefined || framing === undefined)
      throw new Error("A head was passed on that was not read");
    if (length !== bodyLength(framing))
      throw new Error(`A length of ${length} was passed on for a body framed by ${framing.kind}`);
    this.framing = framing;
    this.reason = framingEnd(read, framing) ?? announcedEnd(read);
  }

  body(bytes: Uint8Array, start: number, end: number): void {
    if (this.framing === undefined) throw new Error("A body was passed on before its head");
    if (end <= start) throw new Error("An empty piece of a body was passed on");
    this.#body += portableText.latin1(bytes, start, end);
  }
}

function describe(head: ResponseHead): string {
  return JSON.stringify({ ...head });
}

/** One parser, and one connection's worth of responses. */
export class Runner {
  readonly parser: ResponseParser;
  readonly #around: number;

  constructor(limits: Partial<ResponseLimits> = {}, around = 0) {
    this.parser = new ResponseParser({ ...LIMITS, ...limits }, portableText);
    this.#around = around;
  }

  /** Reads one response from `bytes`. */
  run(bytes: Uint8Array, { method = "GET", cuts = [], fin = true }: Run = {}): Transcript {
    const { parser } = this;
    const sink = new Recorder(parser);
    let consumed = 0;
    let fault: string | undefined;
    let before = false;
    parser.begin(method, sink);
    try {
      consumed = this.#feedAll(bytes, cuts);
      before = parser.complete;
      if (!before && fin) parser.end();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      fault = `${error.fault} (${error.phase}): ${error.message}`;
      consumed = 0;
    }
    const { complete, trailers } = parser;
    const { heads, framing, bodyText: body, reason } = sink;
    const endedByClose = complete && !before;
    return { heads, framing, body, trailers, complete, endedByClose, consumed, fault, reason };
  }

  #feedAll(bytes: Uint8Array, cuts: readonly number[]): number {
    let at = 0;
    for (const cut of [...cuts, bytes.length]) {
      if (cut <= at) continue;
      const answer = this.#feed(bytes.subarray(at, cut));
      if (answer > cut - at || answer < 0) throw new Error(`feed answered ${answer} of ${cut - at}`);
      if (answer < cut - at && !this.parser.complete) throw new Error("feed left bytes of an open response");
      at += answer;
      if (this.parser.complete) break;
    }
    return at;
  }

  /** Passes a piece in a larger buffer that is overwritten afterwards, as transports do. */
  #feed(piece: Uint8Array): number {
    const room = new Uint8Array(piece.length + 8).fill(this.#around);
    room.set(piece, 4);
    try {
      return this.parser.feed(room, 4, 4 + piece.length) - 4;
    } finally {
      room.fill(0x21);
    }
  }
}

/** Reads one response with a parser of its own. */
export function read(message: string | Uint8Array, run: Run = {}): Transcript {
  const bytes = typeof message === "string" ? bytesOf(message) : message;
  return new Runner(run.limits, run.around).run(bytes, run);
}

/** The name of the fault alone. */
export function faultOf(transcript: Transcript): string | undefined {
  return transcript.fault?.split(" ", 1)[0];
}

/** Every position between two bytes. */
export function everyByte(length: number): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
}
