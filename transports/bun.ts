/**
 * Sockets on Bun 1.4 and later, by `Bun.connect`.
 *
 * A running `Bun.connect` cannot be cancelled and keeps the process alive (Bun 1.4). An aborted attempt rejects immediately,
 * and its socket is dropped when it opens. The kernel ends the attempt after two minutes.
 *
 * @module
 */

import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TlsFacts,
  TlsSession,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { uninitializedBytes } from "./buffer.ts";
import type { BunApi, BunConnectOptions, BunHandlers, BunRawSocket } from "./bun-api.ts";
import { Gathering } from "./bun-gathering.ts";
import { applyOptions, isKernelSpelling } from "./bun-socket-facts.ts";
import { bunText } from "./bun-text.ts";
import { bunTlsFacts, bunTlsOptions, identityFault, keepSession, offerSession } from "./bun-tls.ts";
import { BunWriter } from "./bun-writer.ts";
import { zlibDecoder } from "./decoders.ts";
import { endedError, optionsError, transportErrorOf } from "./error-mapping.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import {
  asyncContext,
  DEBUG_VARIABLE,
  debugWriter,
  diagnosticsChannel,
  environment,
  localAddresses,
  systemAddresses,
} from "./runtime-services.ts";

/** Read once, as `immediate.ts` does for its reason: a body would never go on. */
const { setTimeout: timeout } = globalThis;

type Raw = BunRawSocket<BunSocket>;

/** A connect attempt: what to do until the socket is usable, and whom to tell. */
interface Opening {
  readonly tls: TlsTarget | undefined;
  /** The address that Bun knows to connect to, and the port. */
  readonly address: string | undefined;
  readonly port: number | undefined;
  /** Sets the socket options, once there is a socket. */
  apply(raw: Raw): AppliedOptions;
  usable(socket: BunSocket): void;
  failed(error: unknown): void;
}

/** One socket, from its connect attempt on. Bun passes it to the shared callbacks as `socket.data`. */
class BunSocket implements Socket {
  applied: AppliedOptions = { tcpKeepAlive: false, noDelay: true };
  alpn: string | undefined;
  tls: TlsFacts | undefined;
  remoteAddress: string | undefined;
  remotePort: number | undefined;
  localAddress: string | undefined;
  localPort: number | undefined;
  readonly receiveQueue: ReceiveQueue;
  private isHalfOpen = false;
  /**
   * It was resumed once, or bytes came. A new socket is paused while promises hand it on, and the event loop does not run meanwhile.
   * To stop and start reading would be in vain then, and takes three system calls and an event of its own (Bun 1.4).
   */
  private isHandedOn = false;
  /** Set and cleared together with what the socket is told. */
  private isReadingStopped = false;
  private readonly gathering: Gathering = new Gathering();
  private raw: Raw | undefined;
  private writer: BunWriter | undefined;
  /** Set until the socket is usable or has failed. */
  private opening: Opening | undefined;
  /** The session that the handshake under way may resume. */
  private offered: TlsSession | undefined;
  /** Set once the peer is verified. */
  private verified: TlsTarget | undefined;

  constructor(handler: SocketHandler, opening: Opening) {
    this.receiveQueue = new ReceiveQueue(handler);
    this.opening = opening;
  }

  // Called by Bun's callbacks.

  opened(raw: Raw): void {
    const { opening } = this;
    if (opening === undefined) return raw.terminate(); // aborted meanwhile
    this.raw = raw;
    this.writer = new BunWriter(raw, this.receiveQueue);
    this.applied = opening.apply(raw);
    // With TLS only TCP is connected now. Before the end of the handshake a write would accept no bytes.
    if (opening.tls === undefined) return this.usable(raw);
    this.offered = offerSession(raw, opening.tls);
    this.receiveQueue.handler.connected?.();
  }

  secured(raw: Raw, success: boolean, error: Error | null): void {
    const { opening } = this;
    if (opening === undefined) return;
    // With `verify: false`, Bun 1.4 reports an untrusted certificate as a failure. The reason tells it apart from a failed
    // handshake.
    const refused = success ? identityFault(raw, opening.tls, opening.address) : (error ?? endedError("tls"));
    const cause = refused === undefined ? undefined : transportErrorOf(refused, "tls");
    const verify = opening.tls?.verify ?? true;
    const usable = cause === undefined || (!verify && cause.reason !== "handshake");
    if (!usable) return this.failHandshake(cause);
    if (cause === undefined) this.verified = opening.tls;
    this.tls = bunTlsFacts(raw, this.offered);
    this.offered = undefined;
    this.usable(raw);
  }

  session(raw: Raw, bytes: Uint8Array): void {
    const { verified, tls } = this;
    if (verified !== undefined && tls !== undefined) keepSession(raw, verified, tls, bytes);
  }

  closed(error: Error | undefined): void {
    if (this.opening !== undefined) {
      const phase = this.opening.tls === undefined ? "connect" : "tls";
      this.failHandshake(error === undefined ? endedError(phase) : transportErrorOf(error, phase));
    } else {
      const broken = this.writer?.broken ? endedError("open") : undefined;
      const cause = error === undefined ? broken : transportErrorOf(error, "open");
      this.writer?.ended(cause);
      this.receiveQueue.end(cause);
    }
    this.writer?.stop();
  }

  /**
   * The peer sent FIN. Every socket may be half open, which leaves it to us to send ours (Bun 1.4): what waits on a socket that was
   * closed is still sent.
   */
  ended(raw: Raw): void {
    if (this.receiveQueue.isStopped && this.writer?.isEmpty === false) return;
    if (!this.isHalfOpen) {
      this.closed(undefined);
      raw.end();
      return;
    }
    this.receiveQueue.endReading();
    this.writer?.readingEnded();
  }

  /** Bytes arrived. */
  data(bytes: Uint8Array, length: number): void {
    this.writer?.received();
    if (!this.isHandedOn) {
      this.isHandedOn = true;
      if (this.receiveQueue.isPaused) this.stopReading();
    }
    this.receiveQueue.data(bytes, length, length >= READ_SIZE);
  }

  /** The kernel has room again. */
  flush(): void {
    this.writer?.flush();
  }

  private failHandshake(reason: unknown): void {
    this.opening?.tls?.sessions?.clear();
    this.giveUp(reason);
  }

  /** Drops the socket and rejects the connect attempt. */
  giveUp(reason: unknown): void {
    const { opening } = this;
    this.opening = undefined;
    this.receiveQueue.stop();
    this.raw?.terminate();
    opening?.failed(reason);
  }

  private usable(raw: Raw): void {
    const { opening } = this;
    this.opening = undefined;
    this.alpn = raw.alpnProtocol || undefined;
    const isKnown = opening !== undefined && isKernelSpelling(opening.address);
    this.remoteAddress = isKnown ? opening.address : raw.remoteAddress;
    this.remotePort = isKnown ? opening.port : raw.remotePort;
    this.localAddress = raw.localAddress;
    this.localPort = raw.localPort;
    opening?.usable(this);
    this.receiveQueue.open();
  }

  // The contract's Socket.

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string): boolean {
    return this.receiveQueue.isStopped || (this.writer?.write(head, body, tail) ?? true);
  }

  get allWritten(): boolean {
    return this.writer?.isEmpty === true;
  }

  pause(): void {
    this.receiveQueue.pause();
    if (this.isHandedOn) this.stopReading();
  }

  resume(): void {
    this.isHandedOn = true;
    this.receiveQueue.resume();
    if (!this.isReadingStopped) return;
    this.isReadingStopped = false;
    this.raw?.resume();
  }

  private stopReading(): void {
    this.isReadingStopped = true;
    this.raw?.pause();
  }

  /** A timer of Bun has a resolution of 1 ms. */
  gather(length: number): void {
    const { receiveQueue, raw } = this;
    const mayRest = !receiveQueue.isPaused && !receiveQueue.isStopped;
    if (!mayRest || !this.gathering.rests(length, performance.now())) return;
    raw?.pause();
    timeout(() => {
      if (!receiveQueue.isPaused && !receiveQueue.isStopped) raw?.resume();
    }, 1);
  }

  ref(active: boolean): void {
    if (active) this.raw?.ref();
    else this.raw?.unref();
  }

  halfOpen(): void {
    this.isHalfOpen = true;
  }

  endWrites(): void {
    this.writer?.finish(true);
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    this.receiveQueue.stop();
    this.writer?.finish();
  }

  abort(): void {
    this.receiveQueue.stop();
    this.writer?.stop();
    this.raw?.terminate();
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    const { raw, receiveQueue, applied } = this;
    receiveQueue.stop(); // the raw socket still receives the encrypted bytes
    return opening(
      receiveQueue.handler,
      signal,
      { tls, address: undefined, port: undefined, apply: () => applied },
      (data) => {
        raw?.upgradeTLS({ data, tls: bunTlsOptions(tls, undefined), socket: HANDLERS });
      },
    );
  }
}

/** The size of Bun 1.4's read buffer. After a full read, the rest follows before any other event. */
const READ_SIZE = 512 * 1024;

/** Received buffers of at least this size are freed at once. */
const BULK = 16 * 1024;

/**
 * Frees a received buffer, which nobody may use after the callback. Bun 1.4 allocates a buffer for each read, so bulk data
 * would touch new memory page by page until the next garbage collection (1 MiB bodies take 306 µs each instead of 380).
 */
function free({ buffer, length }: Uint8Array<ArrayBuffer>): void {
  if (buffer.byteLength === length) buffer.transfer(0);
}

/** The callbacks of all sockets. */
const HANDLERS: BunHandlers<BunSocket> = {
  open: (raw) => raw.data.opened(raw),
  handshake: (raw, success, error) => raw.data.secured(raw, success, error),
  session: (raw, bytes) => raw.data.session(raw, bytes),
  data(raw, bytes) {
    const { length } = bytes;
    raw.data.data(bytes, length);
    if (length >= BULK) free(bytes);
  },
  drain: (raw) => raw.data.flush(),
  end: (raw) => raw.data.ended(raw),
  close: (raw, error) => raw.data.closed(error),
  error: (raw, error) => raw.data.closed(error),
  connectError() {}, // the promise of connect() rejects too
};

/** Resolves with the socket once it is usable. If it rejects, nothing is left open. */
function opening(
  handler: SocketHandler,
  signal: AbortSignal,
  { tls, address, port, apply }: Pick<Opening, "tls" | "address" | "port" | "apply">,
  begin: (data: BunSocket) => void,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const abort = (): void => socket.giveUp(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", abort);
    const socket = new BunSocket(handler, {
      tls,
      address,
      port,
      apply,
      usable(usable) {
        settled();
        resolve(usable);
      },
      failed(error) {
        settled();
        reject(error);
      },
    });
    signal.addEventListener("abort", abort);
    try {
      begin(socket);
    } catch (cause) {
      // Bun 1.4 throws at once what BoringSSL says about the TLS options.
      socket.giveUp(tls === undefined ? transportErrorOf(cause, "connect") : optionsError(cause));
    }
  });
}

function connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
  const { tls, unixPath, hostname, address, port } = target;
  const to = unixPath === undefined ? (address ?? hostname) : undefined;
  const apply = (raw: Raw): AppliedOptions => applyOptions(raw, target);
  return opening(handler, signal, { tls, address: to, port, apply }, (data) => {
    // Bun 1.4 would use plain text if `tls` were an empty object, or undefined but present.
    const options: BunConnectOptions<BunSocket> =
      to === undefined
        ? { unix: unixPath ?? "", allowHalfOpen: true, data, socket: HANDLERS }
        : { hostname: to, port, allowHalfOpen: true, data, socket: HANDLERS };
    if (tls !== undefined) options.tls = bunTlsOptions(tls, to);
    bun()
      .connect(options)
      .catch((error) => data.giveUp(transportErrorOf(error, "connect")));
  });
}

const bun = (): BunApi => (globalThis as unknown as { Bun: BunApi }).Bun;

/** Bun 1.4 has read a Blob in memory when `arrayBuffer()` returns. That of a file takes longer. */
function readBlob(blob: Blob): ArrayBuffer | Promise<ArrayBuffer> {
  const reading = blob.arrayBuffer();
  const read = bun().peek(reading);
  return read instanceof ArrayBuffer ? read : reading;
}

/**
 * Bun 1.4 copies bytes into a `Response` and makes a text of these, or a buffer, without another copy. Its stream of them costs more than
 * ours, the more the longer they are, and 64 KiB are a buffer in less time without the copy.
 */
const HELD = 32 * 1024;

/** The transport of Bun. */
export const bunTransport: Transport = {
  name: "bun",
  can: {
    reuse: "process",
    tcpKeepAlive: "idle",
    noDelay: true,
    unix: true,
    startTls: true,
    alpn: true,
    tlsOptions: ["minVersion", "maxVersion", "ciphers", "passphrase"],
    tlsSessions: true,
    verifyOff: true,
  },
  connect,
  resolve: systemAddresses,
  localAddresses,
  env: environment,
  debug: () => debugWriter(environment(DEBUG_VARIABLE)),
  text: bunText,
  alloc: uninitializedBytes,
  // The bodies of Bun 1.4's own fetch have no BYOB reader, and a byte stream takes half as long again to read.
  byteStreams: false,
  copiesHeaders: true,
  heldBytes: HELD,
  readBlob,
  decoder: zlibDecoder,
  channel: diagnosticsChannel,
  context: asyncContext,
};
