/**
 * Writing to a Deno connection. Deno's `write` is asynchronous and may accept only a part of its bytes (Deno 2.9), so writes
 * wait in a queue.
 */

import type { TransportError } from "../src/contract/transport.ts";
import { ChunkGathering, type GatheredBytes, givePage } from "./chunk-gathering.ts";
import type { DenoConn } from "./deno-api.ts";
import { shouldWait, writeTogether } from "./deno-write-batch.ts";
import { latin1Bytes, writeLatin1 } from "./latin1.ts";
import { copy, itself } from "./lent-bytes.ts";
import { detachedError, isIntact, type QueuedBytes, queued } from "./queued-bytes.ts";
import type { ReceiveQueue } from "./receive-queue.ts";

/** Bytes that may wait before `write` returns `false`, about as many as a socket's send buffer on other runtimes. */
const HIGH_WATER = 64 * 1024;

/**
 * Pages for writes in one system call: for a small request, a request with a body, and 64 KiB of a body with its frame.
 * A write uses a page until it ends, which all requests of one turn of the event loop do in the next turn. With too few
 * spare pages, 256 connections made 16 KiB of garbage per request (14.9 µs of CPU instead of 11.8, Deno 2.9).
 */
const PAGE_POOLS: readonly PagePool[] = [
  { size: 2 * 1024, maxSpare: 512, spare: [] },
  { size: 20 * 1024, maxSpare: 128, spare: [] },
  { size: 65 * 1024, maxSpare: 64, spare: [] },
];

interface PagePool {
  readonly size: number;
  /** Spare pages to keep. */
  readonly maxSpare: number;
  readonly spare: Page[];
}

/**
 * A buffer, and its last contents. If the same request is written again, neither encoding nor a new view is needed: 3 % more
 * requests per second on Deno 2.9.
 */
interface Page {
  readonly bytes: Uint8Array;
  /** The first bytes of the buffer, as many as were written last. */
  view: Uint8Array;
  /** The head that the page contains, if it contains nothing else. */
  text: string | undefined;
}

function newPage(size: number): Page {
  const bytes = new Uint8Array(size);
  return { bytes, view: bytes, text: undefined };
}

const encoder = new TextEncoder();

/** Whoever has a writer. */
export interface DenoWriterOwner {
  writeFailed(error: unknown): void;
}

/** The outgoing queue of one connection. */
export class DenoWriter {
  private readonly conn: DenoConn;
  private readonly receiveQueue: ReceiveQueue;
  private readonly owner: DenoWriterOwner;
  private queue: GatheredBytes[] = [];
  /** Chunks of a body, behind all in the queue. Most connections have none. */
  private gathering: ChunkGathering | undefined = undefined;
  /** The bytes being written, and the page they are in. */
  private piece: QueuedBytes | undefined = undefined;
  private page: Page | undefined = undefined;
  private pool: PagePool | undefined = undefined;
  private gathered: Uint8Array | undefined = undefined;
  /**
   * Nothing was written yet. The first request never waits: where thousands of connections open together the waiting ones
   * would fill a page each, and V8 frees those late.
   */
  private isNew = true;
  /** Whether that piece is a small request that waits for others: see `deno-write-batch.ts`. */
  private isDeferred = false;
  private queuedBytes = 0;
  /** Whether something was written since bytes arrived last. Until then Deno may still hold it: see `deno-linger.ts`. */
  isUnanswered = false;
  private awaitsDrain = false;
  private whenEmpty: (() => void) | undefined = undefined;
  private over = false;

  constructor(conn: DenoConn, receiveQueue: ReceiveQueue, owner: DenoWriterOwner) {
    this.conn = conn;
    this.receiveQueue = receiveQueue;
    this.owner = owner;
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail = "", more = false): boolean {
    if (this.over || this.whenEmpty !== undefined) return true;
    this.flushDeferred();
    const length = head.length + (body === undefined ? 0 : body.length) + tail.length;
    this.queuedBytes += length;
    this.isUnanswered = true;
    // What has a tail is a chunk, and others may follow.
    if (more || tail !== "" || this.gathering?.isEmpty === false)
      return this.gather(head, body, tail, length);
    const pool = this.piece === undefined ? PAGE_POOLS.find(({ size }) => length <= size) : undefined;
    if (pool === undefined) this.enqueue(head, body, tail);
    else {
      this.pool = pool;
      this.page = pool.spare.pop() ?? newPage(pool.size);
      if (typeof head === "string" && head.length === length) this.writeHead(this.page, head);
      else this.writeJoined(this.page, length, head, body, tail);
    }
    return this.accepts();
  }

  private accepts(): boolean {
    if (this.queuedBytes <= HIGH_WATER) return true;
    // What waits for more must get more.
    if (this.piece === undefined && this.gathering?.isEmpty === false) return true;
    this.awaitsDrain = true;
    return false;
  }

  private gather(
    head: string | Uint8Array,
    body: Uint8Array | undefined,
    tail: string,
    length: number,
  ): boolean {
    this.gathering ??= new ChunkGathering(() => this.gatheredEnough());
    // A full page waits for the next chunk, so that the end of a body is in its last page.
    if (!this.gathering.hasRoomFor(length)) this.sendGathered();
    if (this.gathering.hasRoomFor(length)) this.gathering.add(head, body, tail);
    else this.enqueue(head, body, tail);
    return this.accepts();
  }

  /** While a write is under way they wait on. */
  private gatheredEnough(): void {
    if (this.piece === undefined) this.sendGathered();
  }

  private sendGathered(): void {
    const gathered = this.gathering?.take();
    if (gathered === undefined) return;
    this.queue.push(gathered);
    if (this.piece === undefined) this.sendNext();
  }

  private writeHead(page: Page, head: string): void {
    rewrite(page, head);
    const piece = queued(viewOf(page, head.length));
    if (shouldWait() && !this.isNew) this.defer(piece);
    else this.send(piece);
    this.isNew = false;
  }

  private writeJoined(
    page: Page,
    length: number,
    head: string | Uint8Array,
    body: Uint8Array | undefined,
    tail: string,
  ): void {
    join(page, head, body, tail);
    this.send(queued(viewOf(page, length)));
  }

  private defer(piece: QueuedBytes): void {
    this.piece = piece;
    this.isDeferred = true;
    writeTogether(this);
  }

  /** Writes the deferred request, if any. */
  flushDeferred(): void {
    const { piece } = this;
    if (!this.isDeferred || piece === undefined) return;
    this.isDeferred = false;
    if (this.over) this.release();
    else this.send(piece);
  }

  /**
   * Bytes arrived. They cannot be the response to a deferred request, so that is dropped, if its owner can be told.
   * Otherwise it is written.
   */
  received(): void {
    this.isUnanswered = false;
    if (!this.isDeferred) return;
    const { handler } = this.receiveQueue;
    if (handler.writeDropped === undefined) return this.flushDeferred();
    this.dropDeferred();
    handler.writeDropped();
  }

  /** The connection ended. A deferred request is not sent any more, and its owner is told that it was not, if he can be. */
  ended(error?: TransportError): void {
    const { handler, isStopped } = this.receiveQueue;
    if (!this.isDeferred || isStopped || handler.writeDropped === undefined) return;
    this.dropDeferred();
    handler.writeDropped(true, error);
  }

  private dropDeferred(): void {
    this.isDeferred = false;
    this.queuedBytes -= this.piece?.length ?? 0;
    this.release();
  }

  /** Whether nothing is queued. */
  get isEmpty(): boolean {
    return this.queuedBytes === 0;
  }

  /** Whether {@linkcode finish} was called. */
  get isFinishing(): boolean {
    return this.whenEmpty !== undefined;
  }

  /**
   * Calls back once the kernel has accepted everything, or the connection failed. Nothing may be written afterwards. The last
   * call counts: a connection may end its direction, and then be closed.
   */
  finish(done: () => void): void {
    this.flushDeferred();
    this.sendGathered();
    this.whenEmpty = done;
    if (this.over || this.piece === undefined) done();
  }

  /** Drops everything queued. */
  stop(): void {
    this.over = true;
    for (const { page } of this.queue) if (page !== undefined) givePage(page);
    this.queue = [];
    this.gathering?.drop();
  }

  /** Behind little else, the caller is told that it was taken, and may use its buffers again: so copy. */
  private enqueue(head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
    const safe = this.queuedBytes <= HIGH_WATER ? copy : itself;
    this.queue.push(queued(typeof head === "string" ? latin1Bytes(head) : safe(head)));
    if (body !== undefined && body.length > 0) this.queue.push(queued(safe(body)));
    if (tail !== "") this.queue.push(queued(latin1Bytes(tail)));
    if (this.piece === undefined) this.sendNext();
  }

  private sendNext(): void {
    const next = this.queue.shift();
    if (next === undefined) return;
    this.gathered = next.page;
    this.send(next);
  }

  private send(piece: QueuedBytes): void {
    if (!isIntact(piece)) return this.failDetached();
    this.piece = piece;
    this.conn.write(piece.bytes).then(this.written, this.failed);
  }

  /**
   * Reports `drain` first, so that the upload that waits for it fails with a message about its own buffer. What is written in
   * that call is dropped: the peer would take it for the bytes that are gone.
   */
  private failDetached(): void {
    const first = !this.over;
    this.stop();
    if (this.awaitsDrain) {
      this.awaitsDrain = false;
      this.receiveQueue.drain();
    }
    if (first) this.owner.writeFailed(detachedError());
  }

  private readonly written = (length: number): void => {
    const { piece } = this;
    if (piece === undefined || this.over) return this.settle();
    this.queuedBytes -= length;
    if (this.gathered !== undefined) this.gathering?.taken(length, piece);
    if (length < piece.length) {
      if (!isIntact(piece)) return this.failDetached();
      return this.send(queued(piece.bytes.subarray(length)));
    }
    this.release();
    if (this.queue.length > 0) this.sendNext();
    else if (this.gathering?.isWaiting === false) this.sendGathered();
    if (this.piece === undefined) this.settle();
  };

  private readonly failed = (error: unknown): void => {
    // Deno 2.9 reports EFAULT for a buffer that has shrunk.
    if (this.piece !== undefined && !isIntact(this.piece)) return this.failDetached();
    const first = !this.over;
    this.stop();
    this.settle();
    if (first) this.owner.writeFailed(error);
  };

  /** Nothing more will be written, or nothing is queued. */
  private settle(): void {
    this.release();
    this.whenEmpty?.();
    if (!this.awaitsDrain || this.over) return;
    this.awaitsDrain = false;
    this.receiveQueue.drain();
  }

  private release(): void {
    this.piece = undefined;
    const { page, pool } = this;
    if (page !== undefined && pool !== undefined && pool.spare.length < pool.maxSpare) pool.spare.push(page);
    this.page = undefined;
    if (this.gathered !== undefined) givePage(this.gathered);
    this.gathered = undefined;
  }
}

/** The first bytes of a page. */
function viewOf(page: Page, length: number): Uint8Array {
  if (page.view.length !== length) page.view = page.bytes.subarray(0, length);
  return page.view;
}

/** Writes a head into the page, unless it is there already. */
function rewrite(page: Page, head: string): void {
  if (page.text === head) return;
  encode(head, page.bytes);
  page.text = head;
}

/** Writes head, body and tail into the page. */
function join(page: Page, head: string | Uint8Array, body: Uint8Array | undefined, tail: string): void {
  const { bytes } = page;
  page.text = undefined;
  if (typeof head === "string") encode(head, bytes);
  else bytes.set(head);
  if (body !== undefined) bytes.set(body, head.length);
  if (tail !== "") writeLatin1(tail, bytes, head.length + (body === undefined ? 0 : body.length));
}

/**
 * Encodes latin1 by `encodeInto`, which is ten times as fast as Buffer on Deno 2.9. It writes UTF-8, so text with characters
 * above 0x7F shows by the count of bytes and is written again.
 */
function encode(text: string, bytes: Uint8Array): void {
  const { read, written } = encoder.encodeInto(text, bytes);
  if (read !== text.length || written !== text.length) writeLatin1(text, bytes, 0);
}
