/**
 * Writing to a Bun socket. Bun's `write` passes on what the kernel accepts and never buffers (Bun 1.4), so the rest waits in
 * a queue here.
 */

import type { TransportError } from "../src/contract/transport.ts";
import { latin1Bytes } from "./latin1.ts";
import { detachedError, isIntact, type QueuedBytes, queued } from "./queued-bytes.ts";
import type { ReceiveQueue } from "./receive-queue.ts";
import { type DeferredWriter, WriteBatch } from "./write-batch.ts";

/**
 * A body is put half a page from where a page begins. A processor of AMD copies slowly where the destination lies less than 32 bytes behind
 * the source within their pages, as behind the head of a chunk: 16 KiB take 22 µs so, and 1 elsewhere (Bun 1.4, AMD EPYC).
 */
const BODY_AT = 2048;

/** What is joined at the most: 64 KiB of body and its frame. */
const MOST_JOINED = 65 * 1024;

/** Shared by all sockets, because `write` consumes its bytes before it returns. */
const SCRATCH = new Uint8Array(BODY_AT + MOST_JOINED);

interface BufferPrototype {
  latin1Write(this: Uint8Array, text: string, offset: number): number;
}

/** Takes 18 ns for a small head. `encodeInto` takes 25, and writes UTF-8 instead of latin1 (Bun 1.4). */
let latin1Write: BufferPrototype["latin1Write"] | undefined;

function encode(text: string, offset: number): void {
  latin1Write ??= (globalThis as unknown as { Buffer: { prototype: BufferPrototype } }).Buffer.prototype
    .latin1Write;
  latin1Write.call(SCRATCH, text, offset);
}

/**
 * 50 connections take 6.3 µs of CPU per request on Bun 1.4 instead of 6.8. It polls its sockets between two immediates; the first
 * of them may come before any poll.
 */
const batch = new WriteBatch({ immediate: 4, most: Infinity, polls: 2 });

/** The part of a Bun socket that a writer uses. */
export interface Sink {
  /** Returns how many bytes the kernel accepted, or -1 if the connection has ended. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  /** Sends FIN. */
  end(): void;
  /** Sends FIN and reads on. */
  shutdown(): void;
  /** Drops the connection. */
  terminate(): void;
}

/** The outgoing queue of one socket. */
export class BunWriter implements DeferredWriter {
  wroteIn = 0;
  /** Whether a write returned -1. That means an RST, but Bun 1.4 reports the end that follows without an error. */
  broken = false;
  private readonly sink: Sink;
  private readonly receiveQueue: ReceiveQueue;
  private queue: QueuedBytes[] = [];
  /** A small request that is written at the end of this turn of the event loop, or before the next write. */
  private deferred: string | undefined;
  private awaitsDrain = false;
  private closing = false;
  /** The peer's direction goes on after our FIN. */
  private readsOn = false;
  private peerEnded = false;

  constructor(sink: Sink, receiveQueue: ReceiveQueue) {
    this.sink = sink;
    this.receiveQueue = receiveQueue;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail = ""): boolean {
    if (this.closing) return true;
    if (typeof head === "string" && body === undefined && this.canDefer(head) && batch.shouldDefer(this)) {
      this.deferred = head;
      batch.defer(this);
      return true;
    }
    this.flushDeferred();
    if (this.queue.length === 0 && head.length <= MOST_JOINED) this.writeJoined(head, body, tail);
    else this.writeSeparately(head, body, tail);
    if (this.queue.length === 0) return true;
    this.awaitsDrain = true;
    return false;
  }

  /** Whether nothing is queued. What was written is used no more then: Bun 1.4 copies what it has to keep itself. */
  get isEmpty(): boolean {
    return this.queue.length === 0 && this.deferred === undefined;
  }

  /**
   * Bytes arrived. They cannot be the response to a deferred request, so that is dropped, if its owner can be told.
   * Otherwise it is written.
   */
  received(): void {
    if (this.deferred === undefined) return batch.answered(this);
    const { handler } = this.receiveQueue;
    if (handler.writeDropped === undefined) return this.flushDeferred();
    this.deferred = undefined;
    handler.writeDropped();
  }

  /** The connection ended. A deferred request is not sent any more, and its owner is told that it was not, if he can be. */
  ended(error?: TransportError): void {
    const { handler, isStopped } = this.receiveQueue;
    if (this.deferred === undefined || isStopped || handler.writeDropped === undefined) return;
    this.deferred = undefined;
    handler.writeDropped(true, error);
  }

  /** Writes the deferred request, if any. */
  flushDeferred(): void {
    const head = this.deferred;
    if (head === undefined) return;
    this.deferred = undefined;
    this.writeJoined(head, undefined, "");
  }

  /** The kernel has room again. */
  flush(): void {
    for (let piece = this.queue.shift(); piece !== undefined; piece = this.queue.shift()) {
      if (!isIntact(piece)) return this.failDetached();
      const taken = this.writeNow(piece.bytes, 0, piece.length);
      if (taken < piece.length) {
        this.queue.unshift(queued(piece.bytes.subarray(taken)));
        return;
      }
    }
    if (this.closing) this.end();
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.receiveQueue.drain();
  }

  /** Sends FIN after everything queued. `readsOn`: the peer's direction goes on, unless it has ended, until a call without it. */
  finish(readsOn = false): void {
    if (this.closing) {
      if (this.readsOn && !readsOn) this.readingEnded();
      return;
    }
    this.flushDeferred();
    this.closing = true;
    this.readsOn = readsOn && !this.peerEnded;
    if (this.queue.length === 0) this.end();
  }

  /** The peer has sent FIN on a socket that is half open. */
  readingEnded(): void {
    this.peerEnded = true;
    if (!this.closing) return;
    this.readsOn = false;
    if (this.queue.length === 0) this.sink.end();
  }

  private end(): void {
    if (this.readsOn) this.sink.shutdown();
    else this.sink.end();
  }

  /** Drops everything queued. */
  stop(): void {
    this.closing = true;
    this.queue = [];
    this.deferred = undefined;
  }

  /**
   * Reports `drain` first, so that the upload that waits for it fails with a message about its own buffer. What is written in
   * that call is dropped: the peer would take it for the bytes that are gone.
   */
  private failDetached(): void {
    this.stop();
    if (this.awaitsDrain) {
      this.awaitsDrain = false;
      this.receiveQueue.drain();
    }
    this.receiveQueue.end(detachedError());
    this.sink.terminate();
  }

  private canDefer(head: string): boolean {
    return this.deferred === undefined && this.queue.length === 0 && head.length <= MOST_JOINED;
  }

  /** Writes {@linkcode MOST_JOINED} bytes at the most in one system call. Bun 1.4 has neither cork nor writev. */
  private writeJoined(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    const start = body === undefined ? 0 : Math.max(0, BODY_AT - head.length);
    if (typeof head === "string") encode(head, start);
    else SCRATCH.set(head, start);
    let end = start + head.length;
    let joined = 0;
    if (body !== undefined) {
      joined = Math.min(body.length, MOST_JOINED - head.length);
      SCRATCH.set(joined === body.length ? body : body.subarray(0, joined), end);
      end += joined;
    }
    const fits = end + tail.length <= start + MOST_JOINED;
    if (fits && tail !== "") {
      encode(tail, end);
      end += tail.length;
    }
    const taken = this.writeNow(SCRATCH, start, end - start);
    if (start + taken < end) this.queue.push(queued(SCRATCH.slice(start + taken, end)));
    if (body !== undefined && joined < body.length) this.append(body.subarray(joined));
    if (!fits) this.append(latin1Bytes(tail));
  }

  private writeSeparately(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    this.append(typeof head === "string" ? latin1Bytes(head) : head);
    if (body !== undefined) this.append(body);
    if (tail !== "") this.append(latin1Bytes(tail));
  }

  private append(bytes: Uint8Array): void {
    const taken = this.queue.length > 0 ? 0 : this.writeNow(bytes, 0, bytes.length);
    if (taken < bytes.length) this.queue.push(queued(bytes.subarray(taken)));
  }

  /** Returns how many bytes were accepted. An ended connection counts as accepting everything. */
  private writeNow(bytes: Uint8Array, start: number, length: number): number {
    const taken = this.sink.write(bytes, start, length);
    if (taken >= 0) return taken;
    this.broken = true;
    return length;
  }
}
