/**
 * Response reader: the responses of one connection, from field blocks and DATA to the listeners of the streams. It checks what
 * RFC 9113 §8.1 asks of a message. What breaks it ends the stream alone (§8.1.1).
 */

import type { ProtocolFault } from "../contract/errors.ts";
import type { TextCodec } from "../contract/transport.ts";
import type { ResponseHead } from "../contract/wire.ts";
import type { ResponseLimits } from "../options/options.ts";
import { CODE, FRAME } from "./frames.ts";
import { HpackDecoder } from "./hpack/hpack-decoder.ts";
import { HpackError } from "./hpack/hpack-error.ts";
import { TABLE_SIZE } from "./limits.ts";
import { type PeerFault, peerFault } from "./peer-fault.ts";
import { ResponseSection } from "./response-section.ts";
import type { Http2Stream } from "./stream.ts";

/** Why a stream is reset. `problem` continues a sentence that begins with the frame. */
export interface StreamFault {
  readonly code: number;
  readonly type: number;
  readonly fault: ProtocolFault;
  readonly problem: string;
}

/** The longest block that is kept to be compared with the next. */
const KEPT_BLOCK = 1024;

/** Reads the responses of one connection. */
export class ResponseReader {
  /** The trailers of the response that ended last. */
  trailers = "";
  readonly #limits: Required<ResponseLimits>;
  readonly #decoder: HpackDecoder;
  readonly #section: ResponseSection;
  /** The last block of a final head, and what it said. It says the same again while the table has this version. */
  #lastBlock = new Uint8Array(0);
  #lastVersion = -1;
  #lastHead: ResponseHead | undefined = undefined;
  #lastLength: number | undefined = undefined;

  constructor(limits: Required<ResponseLimits>, text: TextCodec) {
    this.#limits = limits;
    this.#decoder = new HpackDecoder(TABLE_SIZE, text);
    this.#section = new ResponseSection(limits);
  }

  /**
   * Reads a field block of a stream. `isLast`: the response ends with it, and the caller says so to the listener.
   *
   * @throws {PeerFault} if the block is malformed: both tables may differ from now on.
   */
  block(
    stream: Http2Stream,
    isLast: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): StreamFault | undefined {
    if (stream.hasHead) {
      this.#decode(stream.id, false, bytes, start, end);
      return this.#gotTrailers(stream, isLast);
    }
    const { version } = this.#decoder;
    if (
      this.#lastHead !== undefined &&
      this.#lastVersion === version &&
      isEqual(this.#lastBlock, bytes, start, end)
    )
      return this.#gotHead(stream, isLast, this.#lastHead, this.#lastLength);
    this.#decode(stream.id, true, bytes, start, end);
    const section = this.#section;
    const { fault, status, contentLength } = section;
    if (fault !== undefined) return { code: CODE.protocolError, type: FRAME.headers, ...fault };
    const head = section.head();
    if (status < 200) return this.#gotInterim(stream, isLast, head);
    if (version === this.#decoder.version) this.#keep(bytes, start, end, head, contentLength);
    return this.#gotHead(stream, isLast, head, contentLength);
  }

  /** Reads a block of a stream that was reset: it may change the table. */
  ignore(id: number, bytes: Uint8Array, start: number, end: number): void {
    this.#decode(id, false, bytes, start, end);
  }

  #decode(id: number, isHead: boolean, bytes: Uint8Array, start: number, end: number): void {
    this.#section.begin(isHead);
    try {
      this.#decoder.decode(bytes, start, end, this.#section);
    } catch (error) {
      throw error instanceof HpackError ? undecodable(id, error) : error;
    }
    this.#section.end();
  }

  #keep(
    bytes: Uint8Array,
    start: number,
    end: number,
    head: ResponseHead,
    contentLength: number | undefined,
  ): void {
    if (end - start > KEPT_BLOCK) return;
    if (this.#lastBlock.length === end - start) this.#lastBlock.set(bytes.subarray(start, end));
    else this.#lastBlock = bytes.slice(start, end);
    this.#lastVersion = this.#decoder.version;
    this.#lastHead = head;
    this.#lastLength = contentLength;
  }

  #gotInterim(stream: Http2Stream, isLast: boolean, head: ResponseHead): StreamFault | undefined {
    if (head.status === 101)
      return faultOf(FRAME.headers, "unexpected-upgrade", "has status 101, which HTTP/2 does not have");
    if (isLast)
      return faultOf(FRAME.headers, "unexpected-frame", `ends the stream with status ${head.status}`);
    stream.interimCount += 1;
    stream.interimBytes += head.text.length + 2;
    const { informationalCount, headBytes } = this.#limits;
    if (stream.interimCount > informationalCount || stream.interimBytes > headBytes) {
      const which = stream.interimBytes > headBytes ? `${headBytes} bytes of` : `${informationalCount}`;
      return faultOf(FRAME.headers, "too-many-informational", `brings more than ${which} interim responses`);
    }
    stream.listener?.interim(head);
    return undefined;
  }

  #gotHead(
    stream: Http2Stream,
    isLast: boolean,
    head: ResponseHead,
    contentLength: number | undefined,
  ): StreamFault | undefined {
    const { status } = head;
    const isBodiless = stream.toHead || status === 204 || status === 304;
    const length = isBodiless ? 0 : contentLength;
    if (isLast && length !== undefined && length > 0)
      return faultOf(FRAME.headers, "bad-content-length", `ends a response of ${length} bytes with 0`);
    stream.hasHead = true;
    stream.remaining = length;
    stream.listener?.head(head, isLast ? 0 : length);
    return undefined;
  }

  #gotTrailers(stream: Http2Stream, isLast: boolean): StreamFault | undefined {
    const { fault, lines } = this.#section;
    if (stream.ended)
      return { ...faultOf(FRAME.headers, "unexpected-frame", AFTER_END), code: CODE.streamClosed };
    if (fault !== undefined) return faultOf(FRAME.headers, fault.fault, fault.problem);
    if (!isLast)
      return faultOf(FRAME.headers, "unexpected-frame", "comes after the head without ending the stream");
    this.trailers = lines;
    return this.endOfBody(stream, FRAME.headers);
  }

  /** DATA with this payload, padding included, begins. */
  dataBegins(stream: Http2Stream, payload: number): StreamFault | undefined {
    if (stream.ended)
      return { ...faultOf(FRAME.data, "unexpected-frame", AFTER_END), code: CODE.streamClosed };
    if (!stream.hasHead) return faultOf(FRAME.data, "unexpected-frame", "comes before HEADERS");
    stream.receiveWindow -= payload;
    if (stream.receiveWindow >= 0) return undefined;
    const problem = `is ${-stream.receiveWindow} bytes larger than the window`;
    return { ...faultOf(FRAME.data, "flow-control", problem), code: CODE.flowControlError };
  }

  data(stream: Http2Stream, bytes: Uint8Array, start: number, end: number): StreamFault | undefined {
    const most = stream.remaining ?? Infinity;
    const stop = Math.min(end, start + most);
    if (stream.remaining !== undefined) stream.remaining -= stop - start;
    // What fits is passed on, so that it does not depend on the reads of the socket how far a reader comes.
    if (stop > start) stream.listener?.body(bytes, start, stop);
    // A reader may have left meanwhile.
    if (stop === end || stream.isOver) return undefined;
    return faultOf(FRAME.data, "bad-content-length", "makes the response longer than its content-length");
  }

  /** The stream ends with a frame of this type. */
  endOfBody({ remaining }: Http2Stream, type: number): StreamFault | undefined {
    if (remaining === undefined || remaining === 0) return undefined;
    return faultOf(
      type,
      "bad-content-length",
      `ends the response ${remaining} bytes short of its content-length`,
    );
  }
}

const AFTER_END = "comes after the end of the response";

function undecodable(id: number, { message }: HpackError): PeerFault {
  const problem = `cannot be decoded: ${message}`;
  return peerFault(CODE.compressionError, "bad-field-block", FRAME.headers, id, problem);
}

function faultOf(type: number, fault: ProtocolFault, problem: string): StreamFault {
  return { code: CODE.protocolError, type, fault, problem };
}

function isEqual(block: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (block.length !== end - start) return false;
  for (let at = 0; at < block.length; at++) if (block[at] !== bytes[start + at]) return false;
  return true;
}
