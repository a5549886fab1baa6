/**
 * Writing to a Deno connection: `write` is asynchronous there and may take a part only, so what is written
 * waits in a queue.
 */

import type { DenoConn } from "./deno-api.ts";
import type { Inbox } from "./inbox.ts";
import { writeLatin1 } from "./latin1.ts";

/** What may wait before `write` answers `false`: a socket's send buffer on other runtimes takes as much. */
const HIGH_WATER = 64 * 1024;

/** A head and a body that fit one of these go out in one system call. */
const SCRATCH_SIZE = 16 * 1024;
/** Scratch buffers kept: one per write in flight, which is nearly always done at once. */
const MAX_SPARE = 64;
const spare: Uint8Array[] = [];

const encoder = new TextEncoder();

/** The outgoing queue of one connection. */
export class DenoWriter {
  private readonly conn: DenoConn;
  private readonly inbox: Inbox;
  private readonly broken: (error: unknown) => void;
  private queue: Uint8Array[] = [];
  /** The piece that is being written, and the scratch buffer it lies in. */
  private piece: Uint8Array | undefined = undefined;
  private scratch: Uint8Array | undefined = undefined;
  private queuedBytes = 0;
  private awaitsDrain = false;
  private whenEmpty: (() => void) | undefined = undefined;
  private over = false;

  constructor(conn: DenoConn, inbox: Inbox, broken: (error: unknown) => void) {
    this.conn = conn;
    this.inbox = inbox;
    this.broken = broken;
  }

  write(head: string | Uint8Array, body: Uint8Array | undefined): boolean {
    if (this.over || this.whenEmpty !== undefined) return true;
    const length = head.length + (body === undefined ? 0 : body.length);
    this.queuedBytes += length;
    if (this.piece === undefined && length <= SCRATCH_SIZE) {
      this.scratch = spare.pop() ?? new Uint8Array(SCRATCH_SIZE);
      this.send(this.scratch.subarray(0, join(this.scratch, head, body)));
    } else {
      this.enqueue(head, body);
    }
    if (this.queuedBytes <= HIGH_WATER) return true;
    this.awaitsDrain = true;
    return false;
  }

  /** Calls back when all that was written is with the kernel, or will never be. Nothing may be written after. */
  finish(done: () => void): void {
    if (this.whenEmpty !== undefined) return;
    this.whenEmpty = done;
    if (this.over || this.piece === undefined) done();
  }

  /** Loses what waits. */
  stop(): void {
    this.over = true;
    this.queue = [];
  }

  private enqueue(head: string | Uint8Array, body: Uint8Array | undefined): void {
    if (typeof head === "string") {
      const bytes = new Uint8Array(head.length);
      join(bytes, head, undefined);
      this.queue.push(bytes);
    } else {
      this.queue.push(head);
    }
    if (body !== undefined && body.length > 0) this.queue.push(body);
    if (this.piece === undefined) this.sendNext();
  }

  private sendNext(): void {
    const next = this.queue.shift();
    if (next !== undefined) this.send(next);
  }

  private send(piece: Uint8Array): void {
    this.piece = piece;
    this.conn.write(piece).then(this.written, this.failed);
  }

  private readonly written = (length: number): void => {
    const { piece } = this;
    if (piece === undefined || this.over) return this.settle();
    this.queuedBytes -= length;
    if (length < piece.length) return this.send(piece.subarray(length));
    this.release();
    if (this.queue.length > 0) return this.sendNext();
    this.settle();
  };

  private readonly failed = (error: unknown): void => {
    const first = !this.over;
    this.stop();
    this.settle();
    if (first) this.broken(error);
  };

  /** Nothing is left to write. */
  private settle(): void {
    this.release();
    this.whenEmpty?.();
    if (!this.awaitsDrain || this.over) return;
    this.awaitsDrain = false;
    this.inbox.drain();
  }

  private release(): void {
    this.piece = undefined;
    if (this.scratch !== undefined && spare.length < MAX_SPARE) spare.push(this.scratch);
    this.scratch = undefined;
  }
}

/** Puts head and body one after the other; answers where they end. */
function join(bytes: Uint8Array, head: string | Uint8Array, body: Uint8Array | undefined): number {
  if (typeof head === "string") encode(head, bytes);
  else bytes.set(head);
  if (body !== undefined) bytes.set(body, head.length);
  return head.length + (body === undefined ? 0 : body.length);
}

/** By `encodeInto`, ten times as fast as Buffer on Deno 2.9; it is UTF-8, so any byte above 0x7F shows in the count. */
function encode(text: string, bytes: Uint8Array): void {
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read !== text.length || written !== text.length) writeLatin1(text, bytes, 0);
}
