/**
 * Write batches: in a turn of the event loop with several small requests, most of them are written together at its end. A write to
 * a sleeping peer wakes it, and the writer pays for that; and the code of one request after the other stays in the processor's
 * caches, which each system call empties a little. Deno 2.9 has batches of its own: `deno-write-batch.ts`.
 */

import { immediate } from "./immediate.ts";

/** A writer of small requests. */
export interface DeferredWriter {
  /** The number of the turn in which it wrote last. Kept by its batch. 0: in none. */
  wroteIn: number;
  /** Writes what was deferred. */
  flushDeferred(): void;
}

/** What suits a runtime. */
interface BatchOptions {
  /**
   * The first writes of a turn are immediate. A program that sends one request and then computes for long has it on the wire
   * meanwhile. Only a program that is busy with several connections has some writes wait for the end of the turn. At least 2: of
   * two connections that write within a millisecond, the second may be the first of another turn.
   */
  readonly immediate: number;
  /** When so many were deferred they are written: the peers work on them while the others are made. */
  readonly most: number;
  /** Turns after which the sockets were polled. */
  readonly polls: number;
}

/**
 * After a turn longer than this, bytes may have arrived before the deferred requests. The requests then wait until the
 * sockets were polled, so that nobody takes those bytes for their response.
 */
const LONG_TURN_MS = 1;

/** What was deferred waits no longer than this for the next request of a turn that goes on: the peers work while the program computes. */
const LONGEST_WAIT_MS = 0.5;

/** The write batches of all sockets of a transport. */
export class WriteBatch {
  private readonly options: BatchOptions;
  /** The number of the present turn, as far as it is known to be another one. */
  private turn = 0;
  /** When its first write was. */
  private firstAt = -Infinity;
  /** How many have written in this turn. Counted from the second on. */
  private writes = 0;
  private deferred: DeferredWriter[] = [];
  private deferredAt = 0;
  /** How many have written in the last turn in which several did. */
  lastWrites = 0;
  private willEnd = false;
  private readonly turnEnds = (): void => {
    this.willEnd = false;
    this.endTurn();
  };

  constructor(options: BatchOptions) {
    this.options = options;
  }

  /** The turn ends with the next immediates. */
  endSoon(): void {
    if (!this.willEnd) immediate(this.turnEnds);
    this.willEnd = true;
  }

  /** Counts the next write of this turn, and tells whether it should be deferred. */
  shouldDefer(writer: DeferredWriter): boolean {
    if (this.writes === 0 && this.isFirst()) {
      writer.wroteIn = this.turn;
      return false;
    }
    if (this.writes === 0) this.endSoon();
    this.writes = Math.max(2, this.writes + 1);
    writer.wroteIn = this.turn;
    return this.writes > this.options.immediate;
  }

  /**
   * Whether it is the first to write in this turn, as far as that is known without an immediate, for which the loop looks at all
   * sockets once more (1 µs on Node 24).
   */
  private isFirst(): boolean {
    const now = performance.now();
    if (now - this.firstAt <= LONG_TURN_MS) return false;
    this.turn += 1;
    this.firstAt = now;
    return true;
  }

  /**
   * Something came for `writer`. If it has written in this turn, the sockets were polled since, and what is written from now on
   * belongs to another turn, though no immediate has run: Node polls between a timer and an immediate.
   */
  answered(writer: DeferredWriter): void {
    if (writer.wroteIn === this.turn) this.endTurn();
  }

  /** Flushes `writer` at the end of the turn, or sooner. */
  defer(writer: DeferredWriter): void {
    const now = performance.now();
    if (this.deferred.length === 0) this.deferredAt = now;
    const waitedMs = now - this.deferredAt;
    const isDue = this.deferred.push(writer) >= this.options.most || waitedMs > LONGEST_WAIT_MS;
    if (isDue && waitedMs <= LONG_TURN_MS) this.flush();
  }

  private get isLong(): boolean {
    return performance.now() - this.deferredAt > LONG_TURN_MS;
  }

  private endTurn(): void {
    this.lastWrites = this.writes;
    this.writes = 0;
    this.firstAt = -Infinity;
    if (this.deferred.length === 0) return;
    if (this.isLong) afterTurns(this.options.polls, flushing(this.take()));
    else this.flush();
  }

  private take(): readonly DeferredWriter[] {
    const writers = this.deferred;
    this.deferred = [];
    return writers;
  }

  private flush(): void {
    for (const writer of this.take()) writer.flushDeferred();
  }
}

function flushing(writers: readonly DeferredWriter[]): () => void {
  return () => {
    for (const writer of writers) writer.flushDeferred();
  };
}

function afterTurns(turns: number, callback: () => void): void {
  immediate(turns > 1 ? () => afterTurns(turns - 1, callback) : callback);
}
