/** Node's socket as the pool uses it, once it is open. `node.ts` opens it, or whoever the program has do that. */

import type { Socket as NetSocket } from "node:net";
import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  TlsFacts,
  TlsTarget,
  TransportError,
} from "../src/contract/transport.ts";
import { uninitializedBytes } from "./buffer.ts";
import { endedError, type FailurePhase, transportErrorOf } from "./error-mapping.ts";
import { immediate } from "./immediate.ts";
import { type BytesWriter, writeBytes } from "./node-bytes.ts";
import { NodeChunks } from "./node-chunks.ts";
import { DeferredDestroy } from "./node-deferred-destroy.ts";
import { GatheredReads } from "./node-reads.ts";
import { alpnOf, closeTls, isTls, startTlsOn, tlsFactsOf } from "./node-tls.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { type DeferredWriter, WriteBatch } from "./write-batch.ts";

/**
 * Of the CPU time of a request, 50 connections save a fifth on Node 24, 256 a quarter, and 8 an eighth. With four immediate writes
 * as on Bun, 8 save nothing.
 */
const batch = new WriteBatch({ immediate: 2, most: 32, polls: 1 });

/** What the sockets read that the transport has opened. */
export const reads: GatheredReads = new GatheredReads(uninitializedBytes, batch);

/** A longer request takes the kernel a while, and a peer that sleeps is woken by it at once. */
const MOST_DEFERRED = 16_384;

/** One open socket. */
export class NodeSocket implements Socket, DeferredWriter, BytesWriter {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly tls: TlsFacts | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly native: NetSocket;
  wroteIn = 0;
  private readonly receiveQueue: ReceiveQueue;
  private readonly deferredDestroy: DeferredDestroy;
  /** A small request that is written at the end of this turn of the event loop, or before the next write. */
  private deferred: string | undefined = undefined;
  /** Chunks of a body that wait for others, behind all that was written. Most connections have none. */
  private chunks: NodeChunks | undefined = undefined;
  private awaitsDrain = false;
  /** Most sockets never have to wait. */
  private listensForDrain = false;

  constructor(raw: NetSocket, receiveQueue: ReceiveQueue, applied: AppliedOptions) {
    this.native = raw;
    this.receiveQueue = receiveQueue;
    this.applied = applied;
    this.alpn = alpnOf(raw);
    this.tls = tlsFactsOf(raw);
    this.remoteAddress = raw.remoteAddress;
    this.remotePort = raw.remotePort;
    this.localAddress = raw.localAddress;
    this.localPort = raw.localPort;
    this.deferredDestroy = new DeferredDestroy(raw, receiveQueue);
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string, more = false): boolean {
    const { native: raw } = this;
    if (this.receiveQueue.isStopped || raw.destroyed) return true;
    // What has a tail is a chunk, and others may follow.
    const isChunk = more || tail !== undefined || this.chunks?.isEmpty === false;
    if (this.deferred !== undefined) this.flushDeferred();
    else if (!isChunk && body === undefined && typeof head === "string" && this.defers(head)) return true;
    if (typeof head === "string") this.receiveQueue.asked();
    const taken = isChunk && this.gathers(head, body, tail) ? false : this.writeNow(head, body, tail);
    // write() decides by size alone. Often libuv has passed everything to the kernel before it returned.
    if (taken || raw.writableLength === 0) return true;
    this.awaitsDrain = true;
    if (!this.listensForDrain) raw.on("drain", () => this.drained());
    this.listensForDrain = true;
    return false;
  }

  private gathers(
    head: string | Uint8Array,
    body: Uint8Array | undefined,
    tail: string | undefined,
  ): boolean {
    this.chunks ??= new NodeChunks(this);
    return this.chunks.gathers(head, body, tail);
  }

  private writeNow(
    head: string | Uint8Array,
    body: Uint8Array | undefined,
    tail: string | undefined,
  ): boolean {
    if (body === undefined && typeof head === "string") return this.native.write(head, "latin1");
    return writeBytes(this, head, body, tail);
  }

  /** Whether a request is written later. */
  private defers(head: string): boolean {
    if (head.length > MOST_DEFERRED || this.native.writableLength > 0) return false;
    this.receiveQueue.writing = this;
    if (!batch.shouldDefer(this)) return false;
    this.deferred = head;
    batch.defer(this);
    return true;
  }

  /** Writes the deferred request, if any. On a socket that was destroyed it stays, until its owner hears of that. */
  flushDeferred(): void {
    if (this.native.destroyed) return;
    const head = this.takeDeferred();
    if (head === undefined) return;
    this.receiveQueue.asked();
    this.native.write(head, "latin1");
  }

  /** Writes all that waits here, if anything does. */
  private flush(): void {
    this.flushDeferred();
    this.chunks?.send();
  }

  private takeDeferred(): string | undefined {
    const head = this.deferred;
    this.deferred = undefined;
    return head;
  }

  /** A deferred request is dropped, if its owner can be told. Otherwise it is written. */
  heard(ended: boolean, error?: TransportError): void {
    this.receiveQueue.writing = undefined;
    if (this.deferred === undefined) return batch.answered(this);
    const { handler } = this.receiveQueue;
    if (handler.writeDropped === undefined) return this.flushDeferred();
    this.takeDeferred();
    handler.writeDropped(ended, error);
  }

  get allWritten(): boolean {
    return this.native.writableLength === 0 && this.deferred === undefined && this.chunks?.isEmpty !== false;
  }

  /**
   * After an error, Node destroys the socket immediately, but emits the error in a later tick. Writes in between are dropped. And
   * bytes that are kept would be taken for the answer to a request that is written behind them.
   */
  get lost(): boolean {
    return this.native.destroyed || this.receiveQueue.sinceAsked === "kept";
  }

  /** The check phase follows the poll, whose reads come with all of their records. */
  get afterReads(): ((callback: () => void) => void) | undefined {
    return isTls(this.native) ? immediate : undefined;
  }

  /** The kernel has taken everything. */
  drained(): void {
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.receiveQueue.drain();
  }

  pause(): void {
    this.receiveQueue.pause();
    this.native.pause();
  }

  resume(): void {
    this.receiveQueue.resume();
    this.native.resume();
    this.deferredDestroy.ownerResumed();
  }

  ref(active: boolean): void {
    if (active) this.native.ref();
    else {
      this.receiveQueue.awaitsNothing();
      this.native.unref();
    }
  }

  halfOpen(): void {
    this.native.allowHalfOpen = true;
  }

  endWrites(): void {
    this.flush();
    this.native.end();
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    this.flush();
    this.receiveQueue.stop();
    if (isTls(this.native)) closeTls(this.native);
    // Not end(), which would wait for the peer's FIN without a limit.
    else this.native.destroySoon();
    this.deferredDestroy.ownerLeft();
  }

  abort(): void {
    this.takeDeferred();
    this.receiveQueue.stop();
    drop(this.native);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    const { native: raw, receiveQueue, applied } = this;
    this.flush();
    receiveQueue.stop();
    const inner = new ReceiveQueue(receiveQueue.handler);
    return opened({
      receiveQueue: inner,
      signal,
      tls,
      // A TLS socket around another socket ignores `onread` (Node 20 to 24).
      open: () =>
        startTlsOn(raw, tls).on("data", (chunk: Uint8Array) => inner.data(chunk, chunk.length, true)),
      socketOf: (secure) => new NodeSocket(secure, inner, applied),
    });
  }
}

/** Drops a socket, with RST if it is a plain TCP socket. Node refuses that for TLS and Unix sockets. */
function drop(raw: NetSocket): void {
  if (isTls(raw) || raw.remotePort === undefined) raw.destroy();
  else raw.resetAndDestroy();
}

/** What is needed only until a socket is usable. */
interface Opening {
  readonly signal: AbortSignal;
  readonly tls: TlsTarget | undefined;
  readonly abort: () => void;
  /** TCP is connected. */
  readonly connected: (() => void) | undefined;
  readonly usable: () => void;
  readonly failed: (reason: unknown) => void;
}

const EVENTS: unique symbol = Symbol("holdfast events");

interface Watched extends NetSocket {
  [EVENTS]?: SocketEvents;
}

/**
 * What becomes of the events of one socket. It stays as long as the socket, so it holds nothing of its opening once that is
 * over, and all sockets have the same listeners: a signal, closures and promises were 2 KiB of each idle connection (Node 24).
 */
class SocketEvents {
  readonly #raw: NetSocket;
  readonly #receiveQueue: ReceiveQueue;
  #phase: FailurePhase;
  /** Set until the socket is usable or has failed. */
  #opening: Opening | undefined;

  constructor(raw: Watched, receiveQueue: ReceiveQueue, opening: Opening) {
    this.#raw = raw;
    this.#receiveQueue = receiveQueue;
    this.#phase = raw.connecting ? "connect" : "tls";
    this.#opening = opening;
    raw[EVENTS] = this;
    raw.on("connect", onConnect);
    if (isTls(raw)) raw.on("secureConnect", onSecureConnect);
    raw.on("error", onError);
    raw.on("end", onEnd);
    raw.on("close", onClose);
  }

  connected(): void {
    this.#opening?.connected?.();
    if (this.#phase === "connect") this.#phase = "tls";
    if (!isTls(this.#raw)) this.usable();
  }

  usable(): void {
    if (this.#phase === "open") return;
    // A function of the user's that Node calls in the handshake (`checkServerIdentity`) may have ended the attempt. Node goes on.
    if (this.#raw.destroyed) return this.#failHandshake(endedError(this.#phase));
    const opening = this.#settled();
    this.#phase = "open";
    opening?.usable();
    this.#receiveQueue.open();
  }

  fail(reason: unknown): void {
    const opening = this.#settled();
    this.#receiveQueue.stop();
    this.#raw.destroy();
    opening?.failed(reason);
  }

  #settled(): Opening | undefined {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.signal.removeEventListener("abort", opening.abort);
    return opening;
  }

  #failHandshake(error: unknown): void {
    if (this.#phase === "tls") this.#opening?.tls?.sessions?.clear();
    this.fail(transportErrorOf(error, this.#phase));
  }

  lost(error: unknown): void {
    reads.deliver();
    if (this.#phase === "open") this.#receiveQueue.end(transportErrorOf(error, "open"));
    else this.#failHandshake(error);
  }

  ended(): void {
    if (this.#phase !== "open") return;
    reads.deliver();
    const raw = this.#raw;
    // What waits on a socket that was closed is still sent.
    if (this.#receiveQueue.isStopped) return;
    if (raw.allowHalfOpen) return this.#receiveQueue.endReading();
    this.#receiveQueue.end(undefined);
    // Node would send its own FIN after all queued bytes. The connection is over, so do not wait for that.
    if (raw.writableLength > 0) raw.destroy();
  }

  closed(): void {
    reads.deliver();
    if (this.#phase === "open") this.#receiveQueue.end(undefined);
    else this.#failHandshake(endedError(this.#phase));
  }
}

function onConnect(this: Watched): void {
  this[EVENTS]?.connected();
}

function onSecureConnect(this: Watched): void {
  this[EVENTS]?.usable();
}

function onError(this: Watched, error: unknown): void {
  this[EVENTS]?.lost(error);
}

function onEnd(this: Watched): void {
  this[EVENTS]?.ended();
}

function onClose(this: Watched): void {
  this[EVENTS]?.closed();
}

/** How a socket is opened. */
interface HowOpened<Raw extends NetSocket> {
  readonly receiveQueue: ReceiveQueue;
  readonly signal: AbortSignal;
  readonly tls: TlsTarget | undefined;
  open(): Raw;
  /** TCP is connected. */
  connected?(raw: Raw): void;
  /** It is usable. */
  socketOf(raw: Raw): Socket;
}

/** Resolves with the socket once it is usable. If it rejects, nothing is left open. */
export function opened<Raw extends NetSocket>(options: HowOpened<Raw>): Promise<Socket> {
  const { signal, receiveQueue, tls } = options;
  return new Promise((resolve, failed) => {
    if (signal.aborted) return failed(signal.reason);
    const raw = options.open();
    const abort = (): void => events.fail(signal.reason);
    const events = new SocketEvents(raw, receiveQueue, {
      signal,
      tls,
      abort,
      connected: () => options.connected?.(raw),
      usable: () => resolve(options.socketOf(raw)),
      failed,
    });
    signal.addEventListener("abort", abort);
    // Only a socket that somebody else has opened is usable already.
    if (tls === undefined && isUsable(raw)) queueMicrotask(() => events.usable());
  });
}

/** Whether it is connected, and TLS is agreed on. */
function isUsable(raw: NetSocket): boolean {
  return (
    raw.connecting !== true &&
    !(isTls(raw) && (raw as { secureConnecting?: boolean }).secureConnecting === true)
  );
}
