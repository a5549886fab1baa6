/**
 * Sockets on Node 20 and later, by `node:net` and `node:tls`.
 *
 * @module
 */

import type { Socket as NetSocket, OnReadOpts } from "node:net";
import type { TLSSocket } from "node:tls";
import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TcpKeepAlive,
  TlsFacts,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { bufferText, uninitializedBytes } from "./buffer.ts";
import { nodeNet, nodeTls } from "./builtins.ts";
import { zlibDecoder } from "./decoders.ts";
import { endedError, type FailurePhase, transportErrorOf } from "./error-mapping.ts";
import { DeferredDestroy } from "./node-deferred-destroy.ts";
import {
  alpnOf,
  closeTls,
  isTls,
  nodeTlsOptions,
  offerWhenConnected,
  startTlsOn,
  tlsFactsOf,
} from "./node-tls.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import {
  asyncContext,
  diagnosticsChannel,
  environment,
  localAddresses,
  systemAddresses,
} from "./runtime-services.ts";
import { kernelSeconds, LIBUV_PROBES, wholeProbes } from "./tcp-keepalive.ts";

/** Shared by all sockets, because handlers consume the bytes before they return. 64 KiB is libuv's default. */
const READ_BUFFER = uninitializedBytes(64 * 1024);

/** One open socket. */
class NodeSocket implements Socket {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly tls: TlsFacts | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  private readonly raw: NetSocket;
  private readonly receiveQueue: ReceiveQueue;
  private readonly deferredDestroy: DeferredDestroy;
  private awaitsDrain = false;

  constructor(raw: NetSocket, receiveQueue: ReceiveQueue, applied: AppliedOptions) {
    this.raw = raw;
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
    const { raw } = this;
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
    const { raw } = this;
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
    return this.raw.writableLength === 0;
  }

  /** After an error, Node destroys the socket immediately, but emits the error in a later tick. Writes in between are dropped. */
  get lost(): boolean {
    return this.raw.destroyed;
  }

  /** The check phase follows the poll, whose reads come with all of their records. */
  get afterReads(): ((callback: () => void) => void) | undefined {
    return isTls(this.raw) ? inCheckPhase : undefined;
  }

  private drained(): void {
    if (!this.awaitsDrain) return;
    this.awaitsDrain = false;
    this.receiveQueue.drain();
  }

  pause(): void {
    this.receiveQueue.pause();
    this.raw.pause();
  }

  resume(): void {
    this.receiveQueue.resume();
    this.raw.resume();
    this.deferredDestroy.ownerResumed();
  }

  ref(active: boolean): void {
    if (active) this.raw.ref();
    else this.raw.unref();
  }

  halfOpen(): void {
    this.raw.allowHalfOpen = true;
  }

  endWrites(): void {
    this.raw.end();
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    this.receiveQueue.stop();
    if (isTls(this.raw)) closeTls(this.raw);
    // Not end(), which would wait for the peer's FIN without a limit.
    else this.raw.destroySoon();
    this.deferredDestroy.ownerLeft();
  }

  abort(): void {
    this.receiveQueue.stop();
    drop(this.raw);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    const { raw, receiveQueue, applied } = this;
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

function connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
  const receiveQueue = new ReceiveQueue(handler);
  let applied: AppliedOptions = { tcpKeepAlive: false, noDelay: true };
  const open = (): NetSocket => {
    const raw = startConnecting(target, receiveQueue);
    // Set options when TCP is connected: Node 20 and 22 lose options set earlier on a TLS socket.
    return raw.once("connect", () => {
      applied = applyOptions(raw, target);
      if (target.tls !== undefined) handler.connected?.();
    });
  };
  return opened(open, receiveQueue, signal, target.tls, (raw) => new NodeSocket(raw, receiveQueue, applied));
}

/** Resolves with the socket once it is usable. If it rejects, nothing is left open. */
function opened<Raw extends NetSocket>(
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

function startConnecting(target: Target, receiveQueue: ReceiveQueue): NetSocket {
  const secure = target.tls !== undefined;
  const onread: OnReadOpts = {
    buffer: READ_BUFFER,
    callback(length, bytes) {
      // Each TLS record is delivered separately, and a full buffer is followed by the rest, all before the next event.
      receiveQueue.data(bytes, length, secure || length === READ_BUFFER.length);
      return true;
    },
  };
  const where =
    target.unixPath === undefined
      ? { host: target.address ?? target.hostname, port: target.port, onread }
      : { path: target.unixPath, onread };
  const { tls } = target;
  if (tls === undefined) return nodeNet().connect(where);
  return offerWhenConnected(nodeTls().connect({ ...where, ...nodeTlsOptions(tls) }), tls);
}

/** Uses the methods of the socket, because Node 20 and 22 ignore these options in `tls.connect`. */
function applyOptions(raw: NetSocket, target: Target): AppliedOptions {
  // A Unix socket has neither Nagle's algorithm nor probes.
  if (target.unixPath !== undefined) return { tcpKeepAlive: false, noDelay: true };
  raw.setNoDelay(target.noDelay);
  return { tcpKeepAlive: setKeepAlive(raw, target.tcpKeepAlive), noDelay: target.noDelay };
}

/** Since Node 24, `setKeepAlive` takes interval and probes too. Without an idle time it sets none of them. */
const SETS_PROBES = nodeNet().Socket.prototype.setKeepAlive.length >= 4;

/** As Node 24 has it. The types that Deno brings for `node:net` know two arguments. */
type SetKeepAlive = (enable: boolean, idleMs: number, intervalMs?: number, probes?: number) => void;

function setKeepAlive(raw: NetSocket, asked: TcpKeepAlive | false): TcpKeepAlive | false {
  if (asked === false) return false;
  const idleMs = kernelSeconds(asked.idleMs);
  if (idleMs === undefined) {
    raw.setKeepAlive(true);
    return {};
  }
  if (!SETS_PROBES) {
    raw.setKeepAlive(true, idleMs);
    return { idleMs, ...LIBUV_PROBES };
  }
  const intervalMs = kernelSeconds(asked.intervalMs) ?? LIBUV_PROBES.intervalMs;
  const probes = wholeProbes(asked.probes) ?? LIBUV_PROBES.probes;
  (raw.setKeepAlive as SetKeepAlive).call(raw, true, idleMs, intervalMs, probes);
  return { idleMs, intervalMs, probes };
}

/** The transport of Node. */
export const nodeTransport: Transport = {
  name: "node",
  can: {
    reuse: "process",
    tcpKeepAlive: SETS_PROBES ? "full" : "idle",
    noDelay: true,
    unix: true,
    startTls: true,
    tlsInTls: true,
    alpn: true,
    tlsSessions: true,
    verifyOff: true,
  },
  connect,
  resolve: systemAddresses,
  localAddresses,
  env: environment,
  text: bufferText,
  alloc: uninitializedBytes,
  // This transport also runs on Deno and Bun, whose servers read internal slots of a Response instead of its members.
  lazyResponse: !("Deno" in globalThis || "Bun" in globalThis),
  byteStreams: !("Bun" in globalThis),
  decoder: zlibDecoder,
  channel: diagnosticsChannel,
  context: asyncContext,
};
