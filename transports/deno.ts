/**
 * Sockets on Deno 2.9 and later, by `Deno.connect` and `Deno.startTls`. Deno's Node layer is avoided: it takes 10 ms to load
 * and hides features of the sockets.
 *
 * @module
 */

import type {
  AppliedOptions,
  Socket,
  SocketHandler,
  Target,
  TlsTarget,
  Transport,
} from "../src/contract/transport.ts";
import { denoText } from "./buffer.ts";
import { turnBy } from "./decoder-budget.ts";
import { zlibDecoder } from "./decoders.ts";
import { closeQuietly, type DenoConn, type DenoTcpConn, deno } from "./deno-api.ts";
import { denoChannel } from "./deno-channels.ts";
import { lingered } from "./deno-linger.ts";
import { denoLoopTurn } from "./deno-loop-turn.ts";
import { DenoReader, type DenoReaderOwner } from "./deno-reader.ts";
import { type Secured, secured, securedWithCertificate } from "./deno-tls.ts";
import { awaited, settleLater, stoppedReading, type Unrefable } from "./deno-unref.ts";
import { DenoWriter, type DenoWriterOwner } from "./deno-writer.ts";
import { transportErrorOf, unsupportedError } from "./error-mapping.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import { asyncContext, DEBUG_VARIABLE, debugWriter, systemAddresses } from "./runtime-services.ts";

/** One open socket: a connection with its reader and writer. */
class DenoSocket implements Socket, Unrefable, DenoReaderOwner, DenoWriterOwner {
  readonly applied: AppliedOptions;
  readonly alpn: string | undefined;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  private readonly conn: DenoConn;
  private readonly receiveQueue: ReceiveQueue;
  private readonly reader: DenoReader;
  private readonly writer: DenoWriter;
  /** The error of a failed write. After an RST, Deno 2.9 reports the following read as a FIN. */
  private writeError: unknown;
  /** Whether somebody waits for bytes, and whether the connection was told so: see `deno-unref.ts`. */
  private isAwaited = true;
  private isRef = true;
  settleSlot: number | undefined = undefined;
  private isHalfOpen = false;
  private endedDirections = 0;

  constructor(conn: DenoConn, handler: SocketHandler, applied: AppliedOptions, alpn?: string) {
    const { remoteAddr, localAddr } = conn;
    this.conn = conn;
    this.applied = applied;
    this.alpn = alpn;
    this.remoteAddress = remoteAddr.hostname;
    this.remotePort = remoteAddr.port;
    this.localAddress = localAddr.hostname;
    this.localPort = localAddr.port;
    this.receiveQueue = new ReceiveQueue(handler);
    this.writer = new DenoWriter(conn, this.receiveQueue, this);
    this.reader = new DenoReader(conn, this.receiveQueue, this.writer, this);
  }

  /** Starts to deliver and to read. */
  open(): void {
    this.receiveQueue.open();
    // In a microtask, after the code that awaits the socket: it may pause and call startTls(), which no read may precede.
    queueMicrotask(() => {
      if (!this.receiveQueue.isPaused) this.reader.start();
    });
  }

  write(head: string | Uint8Array, body?: Uint8Array, tail?: string, more?: boolean): boolean {
    return this.receiveQueue.isStopped || this.writer.write(head, body, tail, more);
  }

  get allWritten(): boolean {
    return this.writer.isEmpty;
  }

  pause(): void {
    this.receiveQueue.pause();
  }

  resume(): void {
    this.receiveQueue.resume();
    this.reader.start();
  }

  ref(active: boolean, idle?: boolean): void {
    if (idle !== undefined) this.reader.setIdle(idle);
    this.isAwaited = active;
    if (active) {
      awaited(this);
      if (!this.isRef) this.setRef(true);
    } else if (this.isRef) {
      if (this.reader.isActive) settleLater(this);
      else this.setRef(false);
    }
  }

  get holdsProcess(): boolean {
    return this.isAwaited && this.isRef && this.reader.reading;
  }

  settleRef(): void {
    if (!this.isAwaited && this.isRef) this.setRef(false);
  }

  readingStopped(): void {
    stoppedReading(this);
  }

  private setRef(isRef: boolean): void {
    this.isRef = isRef;
    if (isRef) this.conn.ref();
    else this.conn.unref();
  }

  halfOpen(): void {
    this.isHalfOpen = true;
  }

  endWrites(): void {
    if (this.receiveQueue.isStopped || this.writer.isFinishing) return;
    this.writer.finish(() => {
      const done = (): void => this.directionEnded();
      this.conn.closeWrite().then(done, done);
    });
  }

  /** The second direction that ends ends the connection. */
  private directionEnded(): void {
    this.endedDirections += 1;
    if (this.endedDirections === 2) this.ended(undefined);
  }

  setHandler(handler: SocketHandler): void {
    this.receiveQueue.handler = handler;
  }

  close(): void {
    if (this.receiveQueue.isStopped) return;
    this.receiveQueue.stop();
    this.reader.stop();
    this.writer.finish(() => {
      // Deno 2.9's close() alone would send neither FIN nor, with TLS, close_notify.
      const done = (): void => closeQuietly(this.conn);
      const lingers = this.writer.isUnanswered && "handshake" in this.conn;
      this.conn.closeWrite().then(lingers ? () => lingered(this.conn, done) : done, done);
    });
  }

  abort(): void {
    this.receiveQueue.stop();
    this.reader.stop();
    this.writer.stop();
    closeQuietly(this.conn);
  }

  startTls(tls: TlsTarget, signal: AbortSignal): Promise<Socket> {
    if (this.reader.reading) {
      this.abort();
      const reason =
        "Deno cannot start TLS while a read is outstanding: pause() must be called in the last call of data()";
      return Promise.reject(unsupportedError(reason));
    }
    this.receiveQueue.stop();
    this.reader.stop();
    const { conn, applied, receiveQueue } = this;
    const secure = async () => socketOf(await secured(conn, tls, signal), receiveQueue.handler, applied);
    return openAfterSettling(secure());
  }

  /** A connection that was closed goes on until all is sent, and the linger hears of the peer's end, too. */
  readEnded(error: unknown): void {
    if (this.receiveQueue.isStopped && error === undefined && !this.writer.isEmpty) return;
    if (!this.isHalfOpen || error !== undefined || this.writeError !== undefined) return this.ended(error);
    this.receiveQueue.endReading();
    this.directionEnded();
  }

  private ended(error: unknown): void {
    const cause = error ?? this.writeError;
    const told = cause === undefined ? undefined : transportErrorOf(cause, "open");
    this.writer.ended(told);
    this.writer.stop();
    closeQuietly(this.conn);
    this.receiveQueue.end(told);
  }

  /**
   * A write failed. After a reset, the bytes that had arrived before are still to be read, and the last read reports the end:
   * the outstanding one, or the one that starts when the owner resumes.
   */
  writeFailed(error: unknown): void {
    this.writeError = error;
    const waits =
      transportErrorOf(error, "open").kind === "reset" && (this.reader.reading || this.receiveQueue.isPaused);
    if (!waits) this.ended(undefined);
  }
}

function socketOf({ conn, alpn }: Secured, handler: SocketHandler, applied: AppliedOptions): DenoSocket {
  return new DenoSocket(conn, handler, applied, alpn);
}

/** Opens the socket right after its promise was resolved. An `async` function would resolve it some microtasks later. */
function openAfterSettling(opening: Promise<DenoSocket>): Promise<Socket> {
  return new Promise((resolve, reject) => {
    opening.then((socket) => {
      resolve(socket);
      socket.open();
    }, reject);
  });
}

async function establish(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<DenoSocket> {
  signal.throwIfAborted();
  refuseUnsupported(target);
  const { tls } = target;
  if (tls?.cert !== undefined) {
    const secure = await securedWithCertificate(target, tls, signal);
    return socketOf(secure, handler, { tcpKeepAlive: false, noDelay: false });
  }
  const conn = await connectTcpOrUnix(target, signal);
  const applied = target.unixPath === undefined ? applyOptions(conn, target) : UNIX;
  if (tls !== undefined) handler.connected?.();
  const usable = tls === undefined ? { conn, alpn: undefined } : await secured(conn, tls, signal);
  return socketOf(usable, handler, applied);
}

/** Deno 2.9 cannot skip the check of the certificate chain, and connects to the name that a client certificate is for. */
function refuseUnsupported({ tls, hostname }: Target): void {
  if (tls === undefined) return;
  if (!tls.verify)
    throw unsupportedError("Deno cannot skip the verification of certificates: tls.verify must be true");
  if (tls.cert !== undefined && tls.serverName !== hostname) {
    throw unsupportedError(
      "Deno cannot present a client certificate if tls.serverName differs from the hostname it connects to",
    );
  }
}

async function connectTcpOrUnix(target: Target, signal: AbortSignal): Promise<DenoConn> {
  const { hostname, address, port, unixPath } = target;
  try {
    return unixPath === undefined
      ? await deno().connect({ hostname: address ?? hostname, port, signal })
      : await deno().connect({ transport: "unix", path: unixPath });
  } catch (error) {
    signal.throwIfAborted();
    throw transportErrorOf(error, "connect");
  }
}

/** A Unix socket has neither Nagle's algorithm nor probes. */
const UNIX: AppliedOptions = { tcpKeepAlive: false, noDelay: true };

/** What was applied, by whether Nagle's algorithm was turned off. All connections share these objects. */
const PROBED: Readonly<Record<"true" | "false", AppliedOptions>> = {
  true: { tcpKeepAlive: {}, noDelay: true },
  false: { tcpKeepAlive: {}, noDelay: false },
};

/** Must be called before TLS: a TlsConn lacks these methods but keeps the options (Deno 2.9). Times are the kernel's defaults. */
function applyOptions(conn: DenoConn, target: Target): AppliedOptions {
  const tcp = conn as DenoTcpConn;
  tcp.setNoDelay(target.noDelay);
  if (target.tcpKeepAlive === false) return { tcpKeepAlive: false, noDelay: target.noDelay };
  tcp.setKeepAlive(true);
  return PROBED[`${target.noDelay}`];
}

/** `--allow-net=api.example` permits the name but not its addresses (Deno 2.9), so Deno itself must resolve it then. */
async function resolve(hostname: string): Promise<readonly string[] | undefined> {
  const { state } = deno().permissions.querySync({ name: "net" });
  return state === "granted" ? systemAddresses(hostname) : undefined;
}

function addresses(): string[] {
  return deno()
    .networkInterfaces()
    .map(({ address }) => address);
}

/** Whether the program may list its addresses without being asked for the permission (`--allow-sys=networkInterfaces`). */
function showsAddresses(): boolean {
  return deno().permissions.querySync({ name: "sys", kind: "networkInterfaces" }).state === "granted";
}

/** A program that is not asked to print must not ask for a permission. */
function debug(): ((line: string) => void) | undefined {
  const { state } = deno().permissions.querySync({ name: "env", variable: DEBUG_VARIABLE });
  return state === "granted" ? debugWriter(deno().env.get(DEBUG_VARIABLE)) : undefined;
}

/** The transport of Deno. */
export const denoTransport: Transport = {
  name: "deno",
  can: {
    reuse: "process",
    tcpKeepAlive: "toggle",
    noDelay: true,
    unix: true,
    startTls: true,
    alpn: true,
    tlsOptions: [],
    verifyOff: false,
  },
  connect: (target, handler, signal) => openAfterSettling(establish(target, handler, signal)),
  resolve,
  turn: denoLoopTurn.turn,
  /** Read by each pool: the program may have got the permission meanwhile. */
  get localAddresses() {
    return showsAddresses() ? addresses : undefined;
  },
  env: (name) => deno().env.get(name),
  debug,
  text: denoText,
  decoder(coding) {
    turnBy(denoLoopTurn.turn);
    return zlibDecoder(coding);
  },
  channel: denoChannel,
  context: asyncContext,
};
