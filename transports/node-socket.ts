/** Node's socket as the pool uses it, once it is open. `node.ts` opens it, or whoever the program has do that. */

import type { Socket as NetSocket } from "node:net";
import type { TLSSocket } from "node:tls";
import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  TlsFacts,
  TlsTarget,
} from "../src/contract/transport.ts";
import { endedError, type FailurePhase, transportErrorOf } from "./error-mapping.ts";
import { DeferredDestroy } from "./node-deferred-destroy.ts";
import { alpnOf, closeTls, isTls, startTlsOn, tlsFactsOf } from "./node-tls.ts";
import { ReceiveQueue } from "./receive-queue.ts";

/** One open socket. */
export class NodeSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly tls: TlsFacts | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly native: NetSocket;
  private readonly receiveQueue: ReceiveQueue;
  private readonly deferredDestroy: DeferredDestroy;
  private awaitsDrain = false;

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
    raw.on("drain", () => this.drained());
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    const { native: raw } = this;
    if (this.receiveQueue.isStopped || raw.destroyed) return true;
    const taken =
      body === undefined && typeof head === "string"
        ? raw.write(head, "latin1")
        : this.writeBytes(head, body, tail);
    // write() decides by size alone. Often libuv has passed everything to the kernel before it returned.
    if (taken || raw.writableLength === 0) return true;
    this.awaitsDrain = true;
    return false;
  }

  private writeBytes(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    const { native: raw } = this;
    // Behind other bytes, Node queues the caller's buffer. If the caller transferred it, Node would send too few bytes: so copy.
    const safe = raw.writableLength > 0 ? copy : itself;
    if (body === undefined)
      return typeof head === "string" ? raw.write(head, "latin1") : raw.write(safe(head));
    raw.cork(); // so that one writev sends everything
    if (typeof head === "string") raw.write(head, "latin1");
    else raw.write(safe(head));
    let taken = raw.write(safe(body));
    if (tail !== undefined) taken = raw.write(tail, "latin1");
    raw.uncork();
    return taken;
  }

  get allWritten(): boolean {
    return this.native.writableLength === 0;
  }

  /** After an error, Node destroys the socket immediately, but emits the error in a later tick. Writes in between are dropped. */
  get lost(): boolean {
    return this.native.destroyed;
  }

  /** The check phase follows the poll, whose reads come with all of their records. */
  get afterReads(): ((callback: () => void) => void) | undefined {
    return isTls(this.native) ? inCheckPhase : undefined;
  }

  private drained(): void {
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
    else this.native.unref();
  }

  halfOpen(): void {
    this.native.allowHalfOpen = true;
  }

  endWrites(): void {
    this.native.end();
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    this.receiveQueue.stop();
    if (isTls(this.native)) closeTls(this.native);
    // Not end(), which would wait for the peer's FIN without a limit.
    else this.native.destroySoon();
    this.deferredDestroy.ownerLeft();
  }

  abort(): void {
    this.receiveQueue.stop();
    drop(this.native);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    const { native: raw, receiveQueue, applied } = this;
    receiveQueue.stop();
    const inner = new ReceiveQueue(receiveQueue.handler);
    const open = (): TLSSocket => {
      // A TLS socket around another socket ignores `onread` (Node 20 to 24).
      return startTlsOn(raw, tls).on("data", (chunk: Uint8Array) => inner.data(chunk, chunk.length, true));
    };
    return opened(open, inner, signal, tls, (secure) => new NodeSocket(secure, inner, applied));
  }
}

function inCheckPhase(callback: () => void): void {
  setImmediate(callback);
}

function itself(bytes: Uint8Array): Uint8Array {
  return bytes;
}

function copy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Drops a socket, with RST if it is a plain TCP socket. Node refuses that for TLS and Unix sockets. */
function drop(raw: NetSocket): void {
  if (isTls(raw) || raw.remotePort === undefined) raw.destroy();
  else raw.resetAndDestroy();
}

/** Resolves with the socket once it is usable. If it rejects, nothing is left open. */
export function opened<Raw extends NetSocket>(
  open: () => Raw,
  receiveQueue: ReceiveQueue,
  signal: AbortSignal,
  tls: TlsTarget | undefined,
  socketOf: (raw: Raw) => Socket,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const raw = open();
    let phase: FailurePhase = raw.connecting ? "connect" : "tls";
    const settle = (): void => signal.removeEventListener("abort", abort);
    const fail = (reason: unknown): void => {
      settle();
      receiveQueue.stop();
      raw.destroy();
      reject(reason);
    };
    const abort = (): void => fail(signal.reason);
    const lost = (error: unknown): void => {
      if (phase === "open") receiveQueue.end(transportErrorOf(error, phase));
      else failHandshake(error);
    };
    const failHandshake = (error: unknown): void => {
      if (phase === "tls") tls?.sessions?.clear();
      fail(transportErrorOf(error, phase));
    };
    const usable = (): void => {
      // A function of the user's that Node calls in the handshake (`checkServerIdentity`) may have ended the attempt. Node goes on.
      if (raw.destroyed) return failHandshake(endedError(phase));
      phase = "open";
      settle();
      resolve(socketOf(raw));
      receiveQueue.open();
    };
    signal.addEventListener("abort", abort);
    raw.once("connect", () => {
      phase = "tls";
    });
    raw.once(isTls(raw) ? "secureConnect" : "connect", usable);
    // Only a socket that somebody else has opened is usable already.
    if (tls === undefined && isUsable(raw)) queueMicrotask(usable);
    raw.on("error", lost);
    raw.once("end", () => {
      if (phase !== "open") return;
      if (raw.allowHalfOpen) return receiveQueue.endReading();
      receiveQueue.end(undefined);
      // Node would send its own FIN after all queued bytes. The connection is over, so do not wait for that.
      if (raw.writableLength > 0) raw.destroy();
    });
    raw.once("close", () => {
      if (phase === "open") receiveQueue.end(undefined);
      else failHandshake(endedError(phase));
    });
  });
}

/** Whether it is connected, and TLS is agreed on. */
function isUsable(raw: NetSocket): boolean {
  return (
    raw.connecting !== true &&
    !(isTls(raw) && (raw as { secureConnecting?: boolean }).secureConnecting === true)
  );
}
