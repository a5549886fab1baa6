/** Field blocks: joins HEADERS and its CONTINUATIONs (RFC 9113 §4.3). Their size is bounded before anything is decoded. */

import type { ResponseLimits } from "../options/options.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type FrameHeader, PADDING } from "./frame-reader.ts";
import { CODE, FLAG, FRAME } from "./frames.ts";
import { blockBytes, continuations } from "./limits.ts";
import { type PeerFault, peerFault } from "./peer-fault.ts";
import { checkStream } from "./peer-settings.ts";

/** Takes whole blocks. */
export interface BlockSink {
  /** `isLast`: the stream ends with it. The bytes are valid only during the call. */
  block(id: number, isLast: boolean, bytes: Uint8Array, start: number, end: number): void;
}

/** The blocks of one connection. */
export class FieldBlocks {
  /** The stream whose block is incomplete: only its CONTINUATION may follow. 0: there is none. */
  open = 0;
  #isLast = false;
  #count = 0;
  readonly #bytes = new ByteWriter(0);
  readonly #sink: BlockSink;
  readonly #mostBytes: number;
  readonly #mostFrames: number;

  constructor(sink: BlockSink, limits: Required<ResponseLimits>) {
    this.#sink = sink;
    this.#mostBytes = blockBytes(limits);
    this.#mostFrames = continuations(limits);
  }

  headers({ flags, id }: FrameHeader, bytes: Uint8Array, from: number, to: number): void {
    checkStream(FRAME.headers, id, false);
    let [start, end] = [from, to];
    if ((flags & FLAG.padded) !== 0 && start < end) end -= bytes[start++] as number;
    else if ((flags & FLAG.padded) !== 0) end = -1;
    // The tree of priorities is deprecated (§5.3.2).
    if ((flags & FLAG.priority) !== 0) start += 5;
    if (start > end) throw badPadding(flags, id, to - from);
    const isLast = (flags & FLAG.endStream) !== 0;
    if ((flags & FLAG.endHeaders) !== 0) return this.#sink.block(id, isLast, bytes, start, end);
    this.open = id;
    this.#isLast = isLast;
    this.#count = 0;
    this.#bytes.clear();
    this.#add(FRAME.headers, bytes, start, end);
  }

  continuation({ flags, id }: FrameHeader, bytes: Uint8Array, start: number, end: number): void {
    this.#count += 1;
    if (this.#count > this.#mostFrames) {
      const problem = `follows ${this.#mostFrames} others`;
      throw peerFault(CODE.enhanceYourCalm, "flood", FRAME.continuation, id, problem);
    }
    this.#add(FRAME.continuation, bytes, start, end);
    if ((flags & FLAG.endHeaders) === 0) return;
    this.open = 0;
    const block = this.#bytes;
    this.#sink.block(id, this.#isLast, block.bytes, 0, block.length);
  }

  #add(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#bytes.length + end - start > this.#mostBytes) {
      const problem = `makes a field block of more than ${this.#mostBytes} bytes`;
      throw peerFault(CODE.enhanceYourCalm, "head-too-large", type, this.open, problem);
    }
    this.#bytes.copy(bytes, start, end);
  }
}

/** Padding that leaves nothing is a wrong size only if there is no room for its length (§6.2). */
function badPadding(flags: number, id: number, size: number): PeerFault {
  const least = ((flags & FLAG.padded) !== 0 ? 1 : 0) + ((flags & FLAG.priority) !== 0 ? 5 : 0);
  if (size >= least) return peerFault(CODE.protocolError, "bad-frame", FRAME.headers, id, PADDING);
  const problem = `has ${size} bytes of payload`;
  return peerFault(CODE.frameSizeError, "bad-frame", FRAME.headers, id, problem);
}
