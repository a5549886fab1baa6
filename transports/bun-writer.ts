/** Writing to a Bun socket: `write` takes what the kernel takes and never buffers, so the rest waits in a queue. */

import { isCrowded, releaseLater } from "./bun-rounds.ts";
import type { Inbox } from "./inbox.ts";
import { latin1Bytes } from "./latin1.ts";
import { isWhole, tornError, type Unsent, unsent } from "./unsent.ts";

/** `write` takes its bytes before it returns, so every socket may use the same buffer: 64 KiB of body and its frame. */
const SCRATCH = new Uint8Array(65 * 1024);

interface BufferPrototype {
  latin1Write(this: Uint8Array, text: string, offset: number): number;
}

/** 18 ns for a small head, against 25 by `encodeInto`, which is no latin1 (Bun 1.4). */
let latin1Write: BufferPrototype["latin1Write"] | undefined;

function encode(text: string, offset: number): void {
  latin1Write ??= (globalThis as unknown as { Buffer: { prototype: BufferPrototype } }).Buffer.prototype
    .latin1Write;
  latin1Write.call(SCRATCH, text, offset);
}

/** The part of a Bun socket that is used here. */
export interface Sink {
  /** Answers how many bytes the kernel took, or -1 when the connection is gone. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  /** Sends FIN. */
  end(): void;
  /** Drops the connection. */
  terminate(): void;
}

/** The outgoing queue of one socket. */
export class BunWriter {
  /** A write answered -1: the end that follows comes without an error (Bun 1.4), yet it was an RST. */
  broken = false;
  private readonly sink: Sink;
  private readonly inbox: Inbox;
  private queue: Unsent[] = [];
  /** A small request that leaves at the end of this turn, or before whatever is written next. */
  private held: string | undefined;
  private awaitsDrain = false;
  private closing = false;

  constructor(sink: Sink, inbox: Inbox) {
    this.sink = sink;
    this.inbox = inbox;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail = ""): boolean {
    if (this.closing) return true;
    if (typeof head === "string" && body === undefined && this.canHold(head) && isCrowded()) {
      this.held = head;
      releaseLater(this);
      return true;
    }
    this.release();
    if (this.queue.length === 0 && head.length <= SCRATCH.length) this.writeJoined(head, body, tail);
    else this.writeApart(head, body, tail);
    if (this.queue.length === 0) return true;
    this.awaitsDrain = true;
    return false;
  }

  /** Something came, so what was held did not ask for it. Drops that if whoever wrote it can hear so. */
  came(): void {
    if (this.held === undefined) return;
    const { handler } = this.inbox;
    if (handler.writeDropped === undefined) return this.release();
    this.held = undefined;
    handler.writeDropped();
  }

  /** Writes what was held. */
  release(): void {
    const head = this.held;
    if (head === undefined) return;
    this.held = undefined;
    this.writeJoined(head, undefined, "");
  }

  /** The kernel has room again. */
  flush(): void {
    for (let piece = this.queue.shift(); piece !== undefined; piece = this.queue.shift()) {
      if (!isWhole(piece)) return this.torn();
      const taken = this.put(piece.bytes, piece.length);
      if (taken < piece.length) {
        this.queue.unshift(unsent(piece.bytes.subarray(taken)));
        return;
      }
    }
    if (this.closing) this.sink.end();
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.inbox.drain();
  }

  /** Sends FIN when all that waits is sent. */
  finish(): void {
    if (this.closing) return;
    this.release();
    this.closing = true;
    if (this.queue.length === 0) this.sink.end();
  }

  /** Loses what waits. */
  stop(): void {
    this.closing = true;
    this.queue = [];
    this.held = undefined;
  }

  /** Whoever waits for them to be taken hears of it first, and knows whose they were. */
  private torn(): void {
    this.queue = [];
    if (this.awaitsDrain) {
      this.awaitsDrain = false;
      this.inbox.drain();
    }
    this.stop();
    this.inbox.end(tornError());
    this.sink.terminate();
  }

  private canHold(head: string): boolean {
    return this.held === undefined && this.queue.length === 0 && head.length <= SCRATCH.length;
  }

  /** As much of both as one buffer holds in one system call: Bun has neither cork nor writev. */
  private writeJoined(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    if (typeof head === "string") encode(head, 0);
    else SCRATCH.set(head);
    let length = head.length;
    let joined = 0;
    if (body !== undefined) {
      joined = Math.min(body.length, SCRATCH.length - length);
      SCRATCH.set(joined === body.length ? body : body.subarray(0, joined), length);
      length += joined;
    }
    const fits = length + tail.length <= SCRATCH.length;
    if (fits && tail !== "") {
      encode(tail, length);
      length += tail.length;
    }
    const taken = this.put(SCRATCH, length);
    if (taken < length) this.queue.push(unsent(SCRATCH.slice(taken, length)));
    if (body !== undefined && joined < body.length) this.append(body.subarray(joined));
    if (!fits) this.append(latin1Bytes(tail));
  }

  private writeApart(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    this.append(typeof head === "string" ? latin1Bytes(head) : head);
    if (body !== undefined) this.append(body);
    if (tail !== "") this.append(latin1Bytes(tail));
  }

  private append(bytes: Uint8Array): void {
    const taken = this.queue.length > 0 ? 0 : this.put(bytes, bytes.length);
    if (taken < bytes.length) this.queue.push(unsent(bytes.subarray(taken)));
  }

  /** Answers how much was taken: all of it, as far as anyone cares, by a connection that is gone. */
  private put(bytes: Uint8Array, length: number): number {
    const taken = this.sink.write(bytes, 0, length);
    if (taken >= 0) return taken;
    this.broken = true;
    return length;
  }
}
